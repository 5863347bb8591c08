// Bad input and a world that says no: a clear error with its code, evidence and a way out, and nothing half-made.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { canRunGuests, Scene, until } from '../support/scene.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const lab = 'networks: {lan: {subnet: 10.1.0.0/24}}\nguests: {alice: {networks: [lan]}}\n'

interface Said {
  readonly code: string
  readonly what: string
  readonly evidence: readonly { readonly from: string; readonly said: string }[]
  readonly fix: readonly object[]
  readonly state: string
}

/** Runs a command that must fail, and checks that it left the host as it was. */
async function refusal(scene: Scene, exit: number, ...args: readonly string[]): Promise<Said> {
  const before = scene.picture()
  const { error } = await scene.json(exit, ...args)
  assert.equal(scene.picture(), before, 'nothing is left half-made')
  assert.ok(error.fix.length > 0, `${error.code} has a way out`)
  return error
}

if (canRunGuests()) {
  test('files that are wrong are refused with their place (exit 2)', async () => {
    await using scene = new Scene()
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['a: [', 'file-syntax', /:1:/],
      [
        'networks: {lan: {}}\nguests:\n  a: {networks: [lan]}\n  a: {networks: [lan]}\n',
        'file-duplicate',
        /:4:3/,
      ],
      ['networks:\n  lan:\n    subnets: 10.0.0.0/8\n', 'file-invalid', /:3:5/],
      ['networks: {lan: {}}\nguests: {a: {networks: [lan], memory: 12}}', 'file-invalid', /:2:/],
      ['networks: {lan: {}}\nguests: {a: {networks: [lan], vcpus: 33}}', 'file-invalid', /:2:/],
      [
        'networks: {lan: {}}\nguests: {a: {networks: [lan], kernel: nowhere}}',
        'boot-file-unreadable',
        /:2:|nowhere/,
      ],
    ]
    for (const [yaml, code, place] of cases) {
      const error = await refusal(scene, 2, 'up', '-f', scene.file(yaml))
      assert.equal(error.code, code)
      assert.match(error.evidence.map(({ from }) => from).join(' '), place)
    }
    assert.equal((await refusal(scene, 2, 'up', '-f', '/nowhere.yaml')).code, 'file-missing')
    const misspelt = await refusal(
      scene,
      2,
      'up',
      '-f',
      scene.file('networks:\n  lan:\n    subnets: 10.0.0.0/8\n'),
    )
    assert.match(misspelt.evidence[0]!.said, /did you mean "subnet"/)
  })

  test('a range that the host has is refused, and a free one proposed', async () => {
    await using scene = new Scene()
    scene.inside('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
    scene.inside('ip', 'addr', 'add', '10.1.0.7/16', 'dev', 'up0')
    scene.inside('ip', 'link', 'set', 'up0', 'up')
    const error = await refusal(scene, 1, 'up', '-f', scene.file(lab))
    assert.equal(error.code, 'subnet-overlap')
    assert.match(error.evidence[0]!.said, /10\.1\.0\.0\/16 dev up0/)
    assert.match(JSON.stringify(error.fix), /172\.30\.0\.0\/24/)
  })

  test('names that are taken: a bridge by something else, a tap by something else, a lab by another file', async () => {
    await using scene = new Scene()
    scene.inside('ip', 'link', 'add', 'br0', 'type', 'bridge')
    const bridge = await refusal(scene, 1, 'up', '-f', scene.file('networks: {lan: {bridge: br0}}'))
    assert.equal(bridge.code, 'name-taken')
    scene.inside('ip', 'link', 'add', 'ml-lan_2', 'type', 'bridge')
    const tap = await refusal(scene, 1, 'up', '-f', scene.file(lab))
    assert.equal(tap.code, 'name-taken')
    scene.inside('ip', 'link', 'del', 'ml-lan_2')
    await scene.expect(0, 'up', '-f', scene.file(`name: mine\n${lab}`), '--no-start')
    const other = await refusal(scene, 1, 'up', '-f', scene.file(`name: mine\n${lab}`, 'other.yaml'))
    assert.equal(other.code, 'lab-name-taken')
  })

  test('a lab of another network namespace is seen, and not touched', async () => {
    await using scene = new Scene()
    await using other = new Scene()
    const file = scene.file(`name: here\n${lab}`)
    await scene.expect(0, 'up', '-f', file, '--no-start')
    const there = (...args: readonly string[]) =>
      new Promise<string>((done) => {
        const child = other.start(['--json', '--state-dir', scene.stateDir, ...args])
        let said = ''
        child.stdout!.on('data', (chunk: Buffer) => {
          said += chunk
        })
        child.once('close', () => done(said))
      })
    for (const args of [
      ['down', 'here'],
      ['start', 'alice'],
      ['ping', 'host', 'alice'],
    ])
      assert.equal(JSON.parse(await there(...args)).error.code, 'lab-elsewhere')
    assert.deepEqual(JSON.parse(await there('down', '--all')).removed, [])
    assert.equal(JSON.parse(await there('ls')).labs[0].netns, scene.netns)
    assert.match((await scene.expect(0, 'show', 'here')).stdout, /alice/)
  })

  test('a tap that another process holds: the process is named, and the start undone', async () => {
    await using scene = new Scene()
    const file = scene.file(`name: busy\n${lab}`)
    await scene.expect(0, 'up', '-f', file, '--no-start')
    // tcpdump only looks; this takes the tap as a VMM would.
    const taker = join(scene.stateDir, 'take-tap.ts')
    writeFileSync(
      taker,
      `import { takeTap } from '${ROOT}/src/emulator/tap.ts'\nawait takeTap('ml-lan_2')\nconsole.log('taken')\nsetInterval(() => {}, 1000)\n`,
    )
    const child = spawn('ip', ['netns', 'exec', scene.netns, process.execPath, taker], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk
    })
    try {
      await until('the tap is taken', () => said.includes('taken'))
      const { error } = await scene.json(1, 'up', '-f', file)
      assert.equal(error.code, 'tap-busy')
      assert.match(error.evidence[0].said, /os error 16/)
      assert.match(JSON.stringify(error.evidence), new RegExp(`iff: ml-lan_2 .*pid ${child.pid}`))
      assert.deepEqual((await scene.json(0, 'show', 'alice')).guests[0].state, 'stopped')
    } finally {
      child.kill('SIGKILL')
      await new Promise((done) => child.once('close', done))
    }
    await scene.expect(0, 'up', '-f', file, '--quiet')
  })

  test('without the right to change networks: not permitted (exit 4)', async () => {
    await using scene = new Scene()
    // Root without capabilities: may read what is root's, and change nothing.
    const powerless = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
    const program = [
      join(ROOT, 'microlan'),
      '--json',
      '--state-dir',
      join(scene.stateDir, 'own'),
      'up',
      '--no-start',
      '-f',
      scene.file(lab),
    ]
    const ran = await new Promise<{ code: number | null; stdout: string }>((done) => {
      const child = spawn('unshare', ['-n', ...powerless, ...program], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let stdout = ''
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk
      })
      child.once('close', (code) => done({ code, stdout }))
    })
    assert.equal(ran.code, 4, ran.stdout)
    assert.equal(JSON.parse(ran.stdout).error.code, 'not-permitted')
  })

  test('no QEMU: said so, and undone', async () => {
    await using scene = new Scene()
    const before = scene.picture()
    const bin = join(scene.stateDir, 'bin')
    mkdirSync(bin)
    // All programs but one.
    const programs = execFileSync('sh', ['-c', 'ls /usr/bin/* /bin/* /usr/sbin/* /sbin/*'], {
      encoding: 'utf8',
    })
      .trim()
      .split('\n')
    for (const path of programs) {
      const name = path.slice(path.lastIndexOf('/') + 1)
      if (name.startsWith('qemu-')) continue
      try {
        symlinkSync(path, join(bin, name))
      } catch {
        // Twice in PATH.
      }
    }
    const ran = await scene.run(['--json', 'up', '-f', scene.file(lab)], { env: { PATH: bin } })
    assert.equal(ran.code, 1, ran.stderr)
    assert.equal(JSON.parse(ran.stdout).error.code, 'qemu-missing')
    rmSync(bin, { recursive: true })
    assert.equal(scene.picture(), before)
  })

  test('no /dev/net/tun, and a disk that is full: said so, and undone', async () => {
    await using scene = new Scene()
    const file = scene.file(`name: poor\n${lab}`)
    const inside = (setup: string, state: string) =>
      new Promise<{ code: number | null; stdout: string }>((done) => {
        const run = `${setup} && exec ip netns exec ${scene.netns} ${ROOT}/microlan --json --state-dir ${state} up -f ${file}`
        const child = spawn('unshare', ['-m', 'sh', '-c', run], { stdio: ['ignore', 'pipe', 'ignore'] })
        let stdout = ''
        child.stdout.on('data', (chunk: Buffer) => {
          stdout += chunk
        })
        child.once('close', (code) => done({ code, stdout }))
      })
    const before = scene.picture()
    // An empty folder in the device's place, for this process alone.
    const noTun = await inside('mkdir -p /dev/net && mount -t tmpfs none /dev/net', scene.stateDir)
    assert.equal(noTun.code, 1)
    assert.equal(JSON.parse(noTun.stdout).error.code, 'tun-missing')
    assert.equal(scene.picture(), before)

    const small = join(scene.stateDir, 'small')
    mkdirSync(small)
    const full = await inside(`mount -t tmpfs -o size=64k none ${small}`, small)
    assert.equal(full.code, 1)
    assert.equal(JSON.parse(full.stdout).error.code, 'disk-full')
    assert.equal(scene.picture(), before)
  })

  test('a guest that panics: the end of its console is shown', async () => {
    await using scene = new Scene()
    const file = scene.file(
      'name: sick\nnetworks: {lan: {}}\nguests: {alice: {networks: [lan], bootArgs: rdinit=/nowhere}}',
    )
    const { error } = await scene.json(1, 'up', '-f', file)
    assert.equal(error.code, 'guest-not-ready')
    assert.match(JSON.stringify(error.evidence), /panic/)
    assert.match(error.state, /left as it is/)
  })
}
