// The riddle's table, row for row, with real guests. tcpdump, bridge and the guests themselves are the witnesses.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { canRunGuests, Scene, until } from '../support/scene.ts'

const riddle = (name: string) => join(import.meta.dirname, '../../examples/riddle', `${name}.yaml`)

interface Ping {
  readonly from: string
  readonly to: string
  readonly received: number
}

/** What tcpdump sees of ARP at a tap; `In` comes from the guest, `Out` goes to it. */
function watchArp(scene: Scene, tap: string) {
  const args = ['netns', 'exec', scene.netns, 'tcpdump', '-ni', tap, '-l', '--immediate-mode', '-t', 'arp']
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [seen, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ready = until('tcpdump listens', () => said.includes('listening on'))
  return { ready, seen: () => seen, [Symbol.dispose]: () => void child.kill() }
}

const reached = (pings: readonly Ping[], from: string, to: string): boolean =>
  pings.find((ping) => ping.from === from && ping.to === to)!.received > 0

async function localEntries(scene: Scene): Promise<readonly string[]> {
  const rows = JSON.parse(scene.inside('bridge', '-j', 'fdb', 'show', 'br', 'ml-lan'))
  return rows
    .filter(
      ({ mac, state }: { mac: string; state?: string }) =>
        state === 'permanent' && !/^(33:33|01:00)/.test(mac),
    )
    .map(({ mac, ifname }: { mac: string; ifname: string }) => `${mac} ${ifname}`)
    .toSorted()
}

const bridgeRow = '02:6d:ac:1e:00:01 ml-lan'

if (canRunGuests()) {
  test('(a) guest MAC = TAP MAC on a switch: broadcasts pass, unicast between guests is lost, the host reaches both', async () => {
    await using scene = new Scene()
    const refused = await scene.json(2, 'up', '-f', riddle('a-collision'))
    assert.equal(refused.error.code, 'mac-collision')
    const { pings, guests } = await scene.json(3, 'up', '-f', riddle('a-collision'), '--allow-mac-collision')
    assert.equal(
      guests[0].ports[0].mac,
      JSON.parse(scene.inside('ip', '-j', 'link', 'show', 'ml-lan_2'))[0].address,
    )
    for (const [from, to, want] of [
      ['host', 'alice', true],
      ['host', 'bob', true],
      ['alice', 'host', true],
      ['bob', 'host', true],
      ['alice', 'bob', false],
      ['bob', 'alice', false],
    ] as const)
      assert.equal(reached(pings, from, to), want, `${from} → ${to}`)
    // Why: the guests' own addresses are local entries, which are for the host.
    assert.deepEqual(await localEntries(scene), [
      bridgeRow,
      'fe:00:ac:1e:00:02 ml-lan_2',
      'fe:00:ac:1e:00:03 ml-lan_3',
    ])

    using atAlice = watchArp(scene, 'ml-lan_2')
    using atBob = watchArp(scene, 'ml-lan_3')
    await Promise.all([atAlice.ready, atBob.ready])
    const { stdout } = await scene.run([
      'exec',
      'alice',
      '--',
      'arping',
      '-c',
      '2',
      '-w',
      '2',
      '-I',
      'eth0',
      '172.30.0.3',
    ])
    assert.match(stdout, /Received 0 response/)
    await until(
      "bob's tap carries request and reply",
      () => /Request who-has 172.30.0.3/.test(atBob.seen()) && /Reply 172.30.0.3 is-at/.test(atBob.seen()),
    )
    assert.doesNotMatch(atAlice.seen(), /Reply 172.30.0.3 is-at/, "the reply never leaves by alice's tap")
    const asked = await scene.run([
      'exec',
      'alice',
      '--',
      'sh',
      '-c',
      'ping -c 1 -W 1 172.30.0.3; ip neigh show 172.30.0.3',
    ])
    assert.match(asked.stdout, /FAILED|INCOMPLETE/)
  })

  test('(b) the same MACs with the bridge made a hub: everything passes, the host too', async () => {
    await using scene = new Scene()
    const { pings } = await scene.json(0, 'up', '-f', riddle('b-hub'), '--allow-mac-collision')
    assert.equal(pings.length, 6)
    assert.deepEqual(await localEntries(scene), [bridgeRow])
    const [bridge] = JSON.parse(scene.inside('ip', '-j', '-d', 'link', 'show', 'ml-lan'))
    assert.equal(bridge.linkinfo.info_data.ageing_time, 0)
    assert.deepEqual((await scene.json(0, 'up', '-f', riddle('b-hub'), '--allow-mac-collision')).steps, [])
  })

  test('(c) distinct MACs on a plain switch: everything passes', async () => {
    await using scene = new Scene()
    const { pings } = await scene.json(0, 'up', '-f', riddle('c-distinct'))
    assert.equal(pings.length, 6)
    const [bridge] = JSON.parse(scene.inside('ip', '-j', '-d', 'link', 'show', 'ml-lan'))
    assert.equal(bridge.linkinfo.info_data.ageing_time, 30000)
    const neighbour = await scene.run(['exec', 'alice', '--', 'ip', 'neigh', 'show', '172.30.0.3'])
    assert.match(neighbour.stdout, /lladdr 06:00:ac:1e:00:03/)
  })
}
