// The emulator as a client of Firecracker sees it: started, configured and ended over its socket, with real TAPs
// and real guests.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { ensureImage } from '../../src/guest/image.ts'
import { Api } from '../../src/vmm/api.ts'
import { inNetns } from '../support/in-netns.ts'
import { until } from '../support/scene.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM = join(ROOT, 'firecracker-emulator')

class Emulator implements AsyncDisposable {
  readonly child: ChildProcess
  readonly socket: string
  readonly api: Api
  said = ''
  private readonly closed: Promise<number | string | null>

  constructor(folder: string, args: readonly string[] = [], socket = join(folder, `${++count}.sock`)) {
    this.socket = socket
    this.child = spawn(PROGRAM, ['--api-sock', socket, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.said += text
      })
    this.closed = new Promise((done) => this.child.once('close', (code, signal) => done(code ?? signal)))
    this.api = new Api(socket)
  }

  ended(): Promise<number | string | null> {
    return this.closed
  }

  async ready(): Promise<this> {
    await until('the socket', () => existsSync(this.socket))
    return this
  }

  async send(method: 'GET' | 'PUT' | 'PATCH', path: string, body: object | null = null): Promise<string> {
    const answer = await this.api.send({ method, path, body })
    return `${answer.status} ${answer.body}`
  }

  /** Words as they are, for what no HTTP client would send. */
  raw(text: string): Promise<string> {
    return new Promise((done) => {
      const socket = net.connect(this.socket)
      socket.setEncoding('utf8').once('data', (answer: string) => {
        done(answer)
        socket.destroy()
      })
      socket.write(text)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.api[Symbol.dispose]()
    this.child.kill('SIGKILL')
    await this.closed
  }
}

let count = 0
const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' })
const qemus = (parent: number) => {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
  return children.map(Number)
}

if (inNetns()) {
  const folder = mkdtempSync(join(tmpdir(), 'microlan-test-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const image = await ensureImage({
    sources: join(ROOT, 'image'),
    cacheDir:
      process.env.MICROLAN_CACHE_DIR ??
      join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'microlan'),
  })
  const boot = {
    kernel_image_path: image.kernel,
    initrd_path: image.initrd,
    boot_args: 'console=ttyS0 quiet reboot=k panic=1 8250.nr_uarts=1 cryptomgr.notests',
  }

  test('who it is, and what it starts with', async () => {
    await using vm = await new Emulator(folder, ['--id', 'vm-1']).ready()
    assert.match(
      await vm.send('GET', '/'),
      /^200 \{"id":"vm-1","state":"Not started","vmm_version":"1\.16\.1-emulator.qemu","app_name":"Firecracker"\}$/,
    )
    assert.match(await vm.send('GET', '/version'), /firecracker_version/)
    assert.equal(
      await vm.send('GET', '/machine-config'),
      '200 {"vcpu_count":1,"mem_size_mib":128,"smt":false,"track_dirty_pages":false,"huge_pages":"None"}',
    )
    assert.match(await vm.send('GET', '/vm/config'), /"boot-source":null.*"network-interfaces":\[\]/)
  })

  test('refusals, in Firecracker’s words', async () => {
    await using vm = await new Emulator(folder).ready()
    const says = async (want: RegExp, ...request: Parameters<Emulator['send']>) =>
      assert.match(await vm.send(...request), want)
    await says(/^400 .*Invalid request method and\/or path: PUT foo\./, 'PUT', '/foo', {})
    await says(/^400 .*Empty PUT request\./, 'PUT', '/machine-config')
    await says(/^400 .*unknown field `nope`/, 'PUT', '/machine-config', {
      vcpu_count: 1,
      mem_size_mib: 128,
      nope: 1,
    })
    await says(/^400 .*Machine config error: The number of vCPUs/, 'PUT', '/machine-config', {
      vcpu_count: 33,
      mem_size_mib: 128,
    })
    await says(
      /^400 .*The kernel file cannot be opened: No such file or directory \(os error 2\)/,
      'PUT',
      '/boot-source',
      { kernel_image_path: '/nowhere' },
    )
    await says(/^400 .*Start microvm error: Cannot start microvm without kernel/, 'PUT', '/actions', {
      action_type: 'InstanceStart',
    })
    await says(/^400 .*not supported before starting/, 'PATCH', '/vm', { state: 'Paused' })
    await says(/^400 .*does not match the id from the body/, 'PUT', '/drives/a', {
      drive_id: 'b',
      is_root_device: false,
      path_on_host: image.initrd,
    })
    await says(/^400 .*only contain alphanumeric/, 'PUT', '/drives/a-b', {
      drive_id: 'a-b',
      is_root_device: false,
    })
    for (const path of ['/vsock', '/mmds', '/balloon', '/snapshot/create', '/entropy'])
      await says(/^400 .*is not emulated/, 'PUT', path, {})
    assert.match(await vm.raw('POST / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 \r\n/)
    assert.match(
      await vm.raw('PUT /machine-config HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'),
      /Empty PUT request/,
    )
    assert.match(
      await vm.raw('GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'),
      /GET request cannot have a body/,
    )
  })

  test('the eleventh connection is one too many', async () => {
    await using vm = await new Emulator(folder).ready()
    const sockets = Array.from({ length: 10 }, () => net.connect(vm.socket))
    await Promise.all(sockets.map((socket) => new Promise((done) => socket.once('connect', done))))
    const last = net.connect(vm.socket)
    const answer = await new Promise<string>((done) => last.setEncoding('utf8').once('data', done))
    assert.match(answer, /^HTTP\/1\.1 503 \r\n[\s\S]*Too many open connections/)
    for (const socket of sockets) socket.destroy()
  })

  test('a TAP is taken at the PUT, given back, and refused as the kernel refuses it', async () => {
    ip('tuntap', 'add', 'ours', 'mode', 'tap')
    ip('tuntap', 'add', 'third', 'mode', 'tap', 'multi_queue')
    ip('tuntap', 'add', 'layer3', 'mode', 'tun')
    ip('link', 'set', 'ours', 'up')
    const put = (vm: Emulator, id: string, tap: string, mac = '06:00:00:00:00:01') =>
      vm.send('PUT', `/network-interfaces/${id}`, { iface_id: id, host_dev_name: tap, guest_mac: mac })
    const carrier = () => readFileSync('/sys/class/net/ours/carrier', 'utf8').trim()
    await using vm = await new Emulator(folder).ready()
    await using other = await new Emulator(folder).ready()
    assert.equal(carrier(), '0')
    assert.equal(await put(vm, 'net1', 'ours'), '204 ')
    assert.equal(carrier(), '1')
    assert.match(await put(other, 'net1', 'ours'), /Open tap device failed: .*\(os error 16\)/)
    assert.match(await put(vm, 'net2', 'third', '06:00:00:00:00:02'), /\(os error 22\)/)
    assert.match(await put(vm, 'net2', 'layer3', '06:00:00:00:00:02'), /\(os error 22\)/)
    assert.match(await put(vm, 'net2', 'a-name-that-is-long', '06:00:00:00:00:02'), /Invalid interface name/)
    assert.match(
      await put(vm, 'net2', 'fresh', '06:00:00:00:00:01'),
      /The MAC address is already in use: 06:00:00:00:00:01/,
    )
    // As root the kernel makes a missing one, which goes when its holder goes.
    assert.equal(await put(vm, 'net2', 'fresh', '06:00:00:00:00:02'), '204 ')
    assert.match(ip('link', 'show', 'fresh'), /fresh/)
    // The same id again: the old one goes first.
    assert.equal(await put(vm, 'net1', 'elsewhere'), '204 ')
    assert.equal(carrier(), '0')
    assert.equal(await put(other, 'net1', 'ours'), '204 ')
  })

  test('exit codes: arguments 153, a socket that exists 1, --version 0', async () => {
    const run = (...args: readonly string[]) =>
      new Promise<number | null>((done) => spawn(PROGRAM, args, { stdio: 'ignore' }).once('close', done))
    assert.equal(await run('--nope'), 153)
    assert.equal(await run('--version'), 0)
    const taken = join(folder, 'taken')
    writeFileSync(taken, '')
    assert.equal(await run('--api-sock', taken), 1)
    assert.ok(existsSync(taken))
    assert.equal(await run('--api-sock', join(folder, 'x'), '--id', 'no_underscores'), 134)
    assert.equal(await run('--config-file', '/nowhere', '--no-api'), 134)
  })

  test('a guest boots, is paused and resumed, counts frames, and its reset ends the program with 0', async () => {
    ip('tuntap', 'add', 'guest0', 'mode', 'tap')
    ip('addr', 'add', '10.0.0.1/24', 'dev', 'guest0')
    ip('link', 'set', 'guest0', 'up')
    const metrics = join(folder, 'metrics')
    await using vm = await new Emulator(folder, [
      '--log-path',
      join(folder, 'log'),
      '--metrics-path',
      metrics,
    ]).ready()
    const args = `${boot.boot_args} ip=10.0.0.2::10.0.0.1:255.255.255.0:vm:eth0:off`
    assert.equal(await vm.send('PUT', '/boot-source', { ...boot, boot_args: args }), '204 ')
    assert.equal(
      await vm.send('PUT', '/network-interfaces/eth0', { iface_id: 'eth0', host_dev_name: 'guest0' }),
      '204 ',
    )
    assert.equal(await vm.send('PUT', '/actions', { action_type: 'InstanceStart' }), '204 ')
    assert.match(
      await vm.send('PUT', '/machine-config', { vcpu_count: 1, mem_size_mib: 128 }),
      /not supported after starting/,
    )
    await until('the guest says that it is up', () => vm.said.includes('microlan: guest vm is up'))
    execFileSync('ping', ['-q', '-c', '2', '-i', '0.1', '-W', '5', '10.0.0.2'])
    assert.equal(await vm.send('PATCH', '/vm', { state: 'Paused' }), '204 ')
    assert.match(await vm.send('GET', '/'), /"Paused"/)
    assert.throws(() => execFileSync('ping', ['-q', '-c', '1', '-W', '1', '10.0.0.2'], { stdio: 'ignore' }))
    assert.equal(await vm.send('PATCH', '/vm', { state: 'Resumed' }), '204 ')
    execFileSync('ping', ['-q', '-c', '1', '-W', '5', '10.0.0.2'])
    assert.equal(await vm.send('PUT', '/actions', { action_type: 'FlushMetrics' }), '204 ')
    const [, second] = readFileSync(metrics, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.ok(second.net_eth0.tx_packets_count >= 3, JSON.stringify(second.net_eth0))
    assert.equal(await vm.send('PUT', '/actions', { action_type: 'SendCtrlAltDel' }), '204 ')
    assert.equal(await vm.ended(), 0)
    assert.ok(existsSync(vm.socket), 'the socket file is left, as Firecracker leaves it')
    assert.match(readFileSync(join(folder, 'log'), 'utf8'), /Guests run with (KVM|TCG): /)
  })

  test('it dies with its guest, and takes its guest along when it dies', async () => {
    const config = join(folder, 'config.json')
    writeFileSync(
      config,
      JSON.stringify({
        'boot-source': boot,
        drives: [],
        'machine-config': { vcpu_count: 2, mem_size_mib: 128 },
      }),
    )
    await using first = await new Emulator(folder, ['--config-file', config]).ready()
    assert.match(await first.send('GET', '/'), /"Running"/)
    const [qemu] = qemus(first.child.pid!)
    process.kill(qemu!, 'SIGKILL')
    assert.equal(await first.ended(), 1)

    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await using vm = await new Emulator(folder, ['--config-file', config]).ready()
      assert.match(await vm.send('GET', '/'), /"Running"/)
      const [child] = qemus(vm.child.pid!)
      vm.child.kill(signal)
      assert.equal(await vm.ended(), signal)
      await until(
        'QEMU is gone',
        () =>
          !existsSync(`/proc/${child}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8')),
      )
    }
  })
}
