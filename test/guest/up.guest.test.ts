// The main job with real guests: up, look, again, one guest off and on, down; and nothing is left.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { canRunGuests, Scene, until } from '../support/scene.ts'

const twoGuests = join(import.meta.dirname, '../../examples/two-guests.yaml')

if (canRunGuests()) {
  test('two guests: all green, again no changes, and nothing is left behind', async (t) => {
    await using scene = new Scene()
    const before = scene.picture()
    const dry = await scene.json(0, 'up', '-f', twoGuests, '--dry-run')
    assert.ok(dry.steps.some(({ kind }: { kind: string }) => kind === 'start-guest'))
    assert.equal(scene.picture(), before, 'a dry run changes nothing')

    const up = await scene.expect(0, 'up', '-f', twoGuests, '--json')
    const { pings, guests, lab } = JSON.parse(up.stdout)
    assert.equal(lab, 'two-guests')
    assert.equal(pings.length, 6)
    for (const { from, to, sent, received } of pings) assert.equal(received, sent, `${from} → ${to}`)
    for (const { state, vmm } of guests) assert.deepEqual([state, vmm.kind], ['running', 'emulator'])
    t.diagnostic(`up, from command to matrix: ${Math.round(up.elapsedMs)} ms`)
    for (const line of up.stderr.split('\n').filter((text) => text.includes('ready'))) t.diagnostic(line)

    const again = await scene.expect(0, 'up', '-f', twoGuests)
    assert.match(again.stdout, /^no changes/)
    t.diagnostic(`up again: ${Math.round(again.elapsedMs)} ms`)

    const shown = await scene.expect(0, 'show', 'alice')
    assert.match(shown.stdout, /alice\s+lan\s+172\.30\.0\.2\s+06:00:ac:1e:00:02\s+ml-lan_2\s+running/)
    assert.match((await scene.expect(0, 'ls')).stdout, /two-guests\s+1\s+2 of 2 running/)
    await scene.expect(0, 'down', 'two-guests')
    assert.equal(scene.picture(), before)
  })

  test('exec: exit codes, both streams, every byte, standard input, many at once, without a network', async () => {
    await using scene = new Scene()
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet')
    for (const code of [0, 1, 42, 255])
      await scene.expect(code, 'exec', 'alice', '--', 'sh', '-c', `exit ${code}`)
    await scene.expect(127, 'exec', 'alice', '--', 'no-such-program')
    await scene.expect(137, 'exec', 'alice', '--', 'sh', '-c', 'kill -9 $$')
    const both = await scene.json(0, 'exec', 'alice', '--', 'sh', '-c', 'echo out; echo err >&2')
    assert.deepEqual([both.stdout, both.stderr, both.code], ['out\n', 'err\n', 0])
    const words = await scene.json(0, 'exec', 'alice', '--', 'printf', '%s|', 'a b', "it's", '$HOME', '')
    assert.equal(words.stdout, "a b|it's|$HOME||")

    const input = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, n) => n)), randomBytes(20_000)])
    const echoed = await scene.run(['exec', '-i', 'alice', '--', 'sh', '-c', 'base64 -w 0'], { input })
    assert.deepEqual(Buffer.from(echoed.stdout, 'base64'), input)

    const jobs = Array.from({ length: 6 }, (_, n) =>
      scene.json(0, 'exec', 'alice', '--', 'sh', '-c', `seq ${n} ${n + 3000}`),
    )
    for (const [n, { stdout }] of (await Promise.all(jobs)).entries())
      assert.equal(stdout, `${Array.from({ length: 3001 }, (_, i) => n + i).join('\n')}\n`)

    await scene.expect(0, 'exec', 'bob', '--', 'ip', 'link', 'set', 'eth0', 'down')
    const lost = await scene.json(3, 'ping', 'alice', 'bob')
    assert.deepEqual(
      lost.pings.map(({ received }: { received: number }) => received),
      [0],
    )
    await scene.expect(0, 'exec', 'bob', '--', 'ip', 'link', 'set', 'eth0', 'up')
    // Alice may be in the middle of giving up on bob: her last request went out while he was down, and what she
    // sends now would be dropped with it (neigh_timer_handler). She starts anew.
    await scene.expect(0, 'exec', 'alice', '--', 'ip', 'neigh', 'flush', 'dev', 'eth0')
    await scene.expect(0, 'ping', 'alice', 'bob')
  })

  test('the guest has its tools', async () => {
    await using scene = new Scene()
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet', '--no-wait')
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet')
    const tools =
      'for t in ping arping ip nc httpd wget nslookup tcpdump; do command -v $t >/dev/null || exit 1; done'
    await scene.expect(0, 'exec', 'alice', '--', 'sh', '-c', tools)
    await scene.expect(
      0,
      'exec',
      'bob',
      '--',
      'sh',
      '-c',
      'mkdir /www; echo hello > /www/index.html; httpd -h /www',
    )
    const page = await scene.expect(0, 'exec', 'alice', '--', 'wget', '-q', '-O', '-', 'http://172.30.0.3/')
    assert.equal(page.stdout, 'hello\n')
    const captured = scene.run(['exec', 'bob', '--', 'tcpdump', '-c', '1', '-ni', 'eth0', 'icmp'])
    const watched = scene.start([
      'exec',
      'bob',
      '--',
      'sh',
      '-c',
      'while ! pidof tcpdump; do usleep 50000; done',
    ])
    await new Promise((done) => watched.once('close', done))
    await scene.expect(0, 'ping', 'alice', 'bob')
    assert.match((await captured).stdout, /172\.30\.0\.2 > 172\.30\.0\.3: ICMP echo request/)
  })

  test('stop, start, logs and console', async () => {
    await using scene = new Scene()
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet')
    await scene.expect(0, 'stop', 'alice')
    await scene.expect(0, 'stop', 'alice')
    const refused = await scene.json(1, 'exec', 'alice', '--', 'true')
    assert.equal(refused.error.code, 'guest-stopped')
    assert.match((await scene.expect(0, 'logs', 'alice')).stdout, /microlan: guest alice is up/)
    await scene.expect(0, 'start', 'alice')
    await scene.expect(0, 'ping', '-f', twoGuests)

    const console = scene.start(['console', 'alice'])
    let said = ''
    console.stdout!.setEncoding('latin1').on('data', (text: string) => {
      said += text
    })
    let story = ''
    console.stderr!.setEncoding('utf8').on('data', (text: string) => {
      story += text
      if (text.includes('console of')) console.stdin!.write('\n')
    })
    await until('a shell', () => said.includes('/ # '))
    console.stdin!.write('echo $((6 * 7))-$(hostname)\n')
    await until('its answer', () => said.includes('42-alice'))
    console.stdin!.write('\x1d')
    assert.equal(await new Promise((done) => console.once('close', done)), 0, story)
  })

  test('a guest that reset itself, or whose VMM was killed, is started again by up', async () => {
    await using scene = new Scene()
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet')
    const { guests } = await scene.json(0, 'show', 'two-guests')
    process.kill(guests[0].vmm.pid, 'SIGKILL')
    await scene.run(['exec', 'bob', '--', 'reboot', '-f'])
    await until('both VMMs are gone', () =>
      scene.processes().every((line) => !line.includes('firecracker-emulator')),
    )
    const { steps, pings } = await scene.json(0, 'up', '-f', twoGuests)
    assert.deepEqual(steps, ['started guest "alice"', 'started guest "bob"'])
    assert.equal(pings.length, 6)
  })

  test('a guest on two networks has a card on each', async () => {
    await using scene = new Scene()
    const file = scene.file(`name: two
networks: {lan: {subnet: 10.1.0.0/24}, dmz: {subnet: 10.2.0.0/16, mtu: 1400, bridge: dmz0}}
guests: {gate: {networks: [lan, dmz]}, inner: {networks: [lan]}, outer: {networks: {dmz: {ip: 10.2.200.7}}}}`)
    const { pings } = await scene.json(0, 'up', '-f', file)
    assert.deepEqual(
      pings
        .map(
          ({ from, to, address }: { from: string; to: string; address: string }) =>
            `${from} ${to} ${address}`,
        )
        .toSorted(),
      [
        'gate host 10.1.0.1',
        'gate host 10.2.0.1',
        'gate inner 10.1.0.3',
        'gate outer 10.2.200.7',
        'host gate 10.1.0.2',
        'host gate 10.2.0.2',
        'host inner 10.1.0.3',
        'host outer 10.2.200.7',
        'inner gate 10.1.0.2',
        'inner host 10.1.0.1',
        'outer gate 10.2.0.2',
        'outer host 10.2.0.1',
      ],
    )
    const routes = await scene.expect(0, 'exec', 'gate', '--', 'ip', 'route')
    assert.match(routes.stdout, /default via 10\.1\.0\.1 dev eth0/)
    assert.match(routes.stdout, /10\.2\.0\.0\/16 dev eth1/)
  })

  test('a guest that sends under another MAC than its own is not heard', async () => {
    await using scene = new Scene()
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet')
    await scene.expect(0, 'exec', 'alice', '--', 'ip', 'link', 'set', 'eth0', 'address', '06:00:00:00:00:99')
    await scene.expect(3, 'ping', 'alice', 'bob')
    const { nftables } = JSON.parse(scene.inside('nft', '-j', 'list', 'counters'))
    const counter = nftables.find(
      (row: { counter?: { name: string } }) => row.counter?.name === 'spoofed_mac',
    ).counter
    assert.ok(counter.packets > 0)
  })
}
