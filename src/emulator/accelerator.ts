// How guests run here: KVM where it really runs one, else TCG. Found out by trying, once per boot of the host.
import { spawn } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { probeRom } from './probe-rom.ts'
import { QEMU } from './qemu.ts'

export interface Accelerator {
  readonly accelerator: 'kvm' | 'tcg'
  /** A sentence: what was seen. */
  readonly why: string
  /** Rate of the guest's TSC under TCG; null under KVM, whose own clock tells the guest. */
  readonly tscKhz: number | null
}

const KVM = '/dev/kvm'
/** A kernel that runs under KVM prints its first line within 100 ms or so. */
const KERNEL_MS = 800
/** The probe as a whole; QEMU needs a tenth of it. */
const PROBE_MS = 5000
/** Two readings of a clock so far apart tell its rate to some 50 parts in a million. */
const RATE_MS = 250
const READINGS = 12

/**
 * @throws Error when QEMU is not installed
 */
export async function chooseAccelerator(kernel: string): Promise<Accelerator> {
  const known = readCache()
  if (known) return known
  const refusal = await kvmRefusal(kernel)
  const found: Accelerator =
    refusal === null
      ? { accelerator: 'kvm', why: `a kernel booted under KVM`, tscKhz: null }
      : { accelerator: 'tcg', why: refusal, tscKhz: await readTscKhz() }
  writeCache(found)
  return found
}

/** Why KVM cannot run a guest; null when it can. The device alone says little: nested clouds have it in vain. */
async function kvmRefusal(kernel: string): Promise<string | null> {
  if (!existsSync(KVM)) return `there is no ${KVM}`
  try {
    accessSync(KVM, constants.R_OK | constants.W_OK)
  } catch (error) {
    return `${KVM} may not be opened: ${(error as Error).message}`
  }
  const args = ['-M', 'microvm,accel=kvm', '-cpu', 'host', '-m', '128', '-kernel', kernel]
  const child = run([...args, '-append', 'earlyprintk=serial,ttyS0 console=ttyS0'])
  let [printed, said] = ['', '']
  const booted = new Promise<'booted'>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('latin1')
      if (printed.includes('Linux version')) resolve('booted')
    })
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const ended = new Promise<'ended'>((resolve) => child.once('close', () => resolve('ended')))
  child.on('error', () => {})
  const outcome = await Promise.race([booted, ended, delay(KERNEL_MS, 'silent', { ref: false })])
  child.kill('SIGKILL')
  if (outcome === 'booted') return null
  const words = said
    .trim()
    .split('\n')[0]
    ?.replace(/^.*?qemu-system-x86_64: /, '')
  return outcome === 'ended'
    ? `${KVM} is there and cannot run a guest (${words || 'QEMU ended'})`
    : `${KVM} is there and cannot run a guest (no kernel printed anything within ${KERNEL_MS} ms)`
}

/** The rate that a guest's TSC counts at under TCG, in kHz, measured against our own clock. */
async function readTscKhz(): Promise<number> {
  const rom = writeRom()
  const child = run(['-M', 'microvm,accel=tcg', '-m', '16', '-bios', rom])
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', () => reject(new Error(`${QEMU} not found, or it ended at once`)))
    setTimeout(() => reject(new Error(`${QEMU} did not run the probe`)), PROBE_MS).unref()
  })
  failed.catch(() => {})
  try {
    const read = () => Promise.race([readTsc(child), failed])
    // The first reading waits for QEMU itself.
    await read()
    const first = await best(read)
    await delay(RATE_MS)
    const second = await best(read)
    return Number(((second.tsc - first.tsc) * 1_000_000n) / (second.at - first.at))
  } finally {
    child.kill('SIGKILL')
    rmSync(join(rom, '..'), { recursive: true, force: true })
  }
}

/** In the cache, where it may stay if we are killed; elsewhere only where there is no cache to write to. */
function writeRom(): string {
  const folder = join(cacheFile(), '..')
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch {
    return writeRomTo(mkdtempSync(join(tmpdir(), 'firecracker-emulator-')))
  }
  return writeRomTo(mkdtempSync(join(folder, 'probe-')))
}

function writeRomTo(folder: string): string {
  const rom = join(folder, 'probe.rom')
  writeFileSync(rom, probeRom())
  return rom
}

interface Reading {
  readonly tsc: bigint
  /** Nanoseconds, the middle of question and answer. */
  readonly at: bigint
  readonly tookNs: bigint
}

type Child = ReturnType<typeof run>

function readTsc(child: Child): Promise<Reading> {
  return new Promise((resolve) => {
    const asked = process.hrtime.bigint()
    let bytes: Buffer = Buffer.alloc(0)
    const hear = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < 8) return
      child.stdout.off('data', hear)
      const answered = process.hrtime.bigint()
      resolve({ tsc: bytes.readBigUInt64LE(), at: (asked + answered) / 2n, tookNs: answered - asked })
    }
    child.stdout.on('data', hear)
    child.stdin.write('?')
  })
}

/** Of several, the quickest: the others waited for the scheduler. */
async function best(read: () => Promise<Reading>): Promise<Reading> {
  let found = await read()
  for (let n = 1; n < READINGS; n++) {
    const next = await read()
    if (next.tookNs < found.tookNs) found = next
  }
  return found
}

/** Dies with us, however we die. */
const run = (args: readonly string[]) => {
  const all = [
    QEMU,
    ...args,
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    '-display',
    'none',
    '-serial',
    'stdio',
  ]
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...all], { stdio: ['pipe', 'pipe', 'pipe'] })
}

const cacheFile = (): string => {
  const { MICROLAN_CACHE_DIR, XDG_CACHE_HOME } = process.env
  return join(
    MICROLAN_CACHE_DIR ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'microlan'),
    'accelerator.json',
  )
}

/** Another boot may be another machine, with another clock. */
const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

function readCache(): Accelerator | null {
  try {
    const { bootId: from, found } = JSON.parse(readFileSync(cacheFile(), 'utf8'))
    return from === bootId() ? found : null
  } catch {
    // Not there, or not ours to read: then it is found out.
    return null
  }
}

/** Without a cache that can be written, every start finds out anew; that is slow and not wrong. */
function writeCache(found: Accelerator): void {
  const file = cacheFile()
  const fresh = `${file}.${process.pid}`
  try {
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(fresh, JSON.stringify({ bootId: bootId(), found }))
    renameSync(fresh, file)
  } catch {
    if (existsSync(fresh)) rmSync(fresh)
  }
}
