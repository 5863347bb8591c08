// A guest's VMM process: started with its files around it, configured over its API, and ended.
// It outlives the microlan that started it; whoever comes later finds it by its record.

import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MicrolanError } from '../errors.ts'
import type { Guest } from '../model/desired.ts'
import { Api } from './api.ts'
import { faultError } from './parse.ts'
import { startRequests } from './render.ts'

/** The files of one guest's VMM, all in one directory of ours. */
export interface VmmFiles {
  readonly directory: string
  readonly apiSocket: string
  /** Line to the agent inside the guest (emulator only). */
  readonly agentSocket: string
  /** What the guest prints on ttyS0. */
  readonly console: string
  /** A FIFO: what is written into it, the guest reads from ttyS0. */
  readonly input: string
  /** The VMM's own log. */
  readonly log: string
}

export const vmmFiles = (directory: string): VmmFiles => ({
  directory,
  apiSocket: join(directory, 'api.sock'),
  agentSocket: join(directory, 'agent.sock'),
  console: join(directory, 'console.log'),
  input: join(directory, 'console.in'),
  log: join(directory, 'vmm.log'),
})

/** The longest path of a Unix socket: sockaddr_un has 108 bytes with the NUL (linux/un.h). */
const SOCKET_PATH_MAX = 107

/** How long a VMM may take from exec to answering; Firecracker needs 6–60 ms, the emulator's Node 60. */
const SOCKET_MS = 10_000
const POLL_MS = 4

export interface StartOptions {
  readonly guest: Guest
  readonly files: VmmFiles
  /** Program and leading arguments. */
  readonly command: readonly string[]
  readonly signal: AbortSignal
  /** Called as soon as there is a process, before it is configured: from here on it must not be forgotten. */
  readonly onSpawn: (pid: number) => void
}

/**
 * Starts a guest; done when `InstanceStart` is answered. On failure the process is ended.
 *
 * @throws tap-busy, tap-not-permitted, kernel-unusable, rootfs-unusable, qemu-missing, vmm-refused,
 *   vmm-died, vmm-missing, state-path-too-long
 */
export async function startVmm({ guest, files, command, signal, onSpawn }: StartOptions): Promise<void> {
  prepareDirectory(guest, files)
  const child = spawnVmm(guest, files, command)
  const died = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(missing(guest, command, error)))
    child.once('exit', (code, name) =>
      reject(diedError(guest, files, code === null ? `${name}` : `exit code ${code}`)),
    )
  })
  // Listened to by the races below; a VMM that ends later, or is stopped, is nobody's unhandled rejection.
  died.catch(() => {})
  if (child.pid !== undefined) onSpawn(child.pid)
  try {
    await Promise.race([configure(guest, files, signal), died])
  } catch (error) {
    // Its death closes the connection a moment before the exit is known, and says more.
    const cause =
      error instanceof MicrolanError || signal.aborted
        ? error
        : await Promise.race([died, soon(error)]).catch((why) => why)
    child.kill('SIGKILL')
    throw cause
  }
  // From here on it is on its own: this process may end before it.
  child.unref()
}

const soon = async (error: unknown): Promise<never> => {
  await delay(250)
  throw error
}

function prepareDirectory(guest: Guest, files: VmmFiles): void {
  if (Buffer.byteLength(files.agentSocket) > SOCKET_PATH_MAX) {
    throw new MicrolanError({
      code: 'state-path-too-long',
      what: `Guest "${guest.name}" cannot have a socket at ${files.agentSocket}: a socket's path has at most ${SOCKET_PATH_MAX} bytes.`,
      fix: [{ say: 'Use a state directory with a shorter path:', run: 'microlan --state-dir /run/ml …' }],
    })
  }
  // What an earlier run left would make the VMM refuse: Firecracker never removes its socket.
  rmSync(files.directory, { recursive: true, force: true })
  mkdirSync(files.directory, { recursive: true, mode: 0o700 })
  execFileSync('mkfifo', ['-m', '600', files.input])
}

function spawnVmm(guest: Guest, files: VmmFiles, command: readonly string[]): ChildProcess {
  const extension = guest.vmm === 'emulator' ? ['--agent-sock', files.agentSocket] : []
  const [program, ...leading] = command
  const args = [
    ...leading,
    '--id',
    guest.name,
    '--api-sock',
    files.apiSocket,
    '--log-path',
    files.log,
    ...extension,
  ]
  // Read and write: the VMM holds both ends, so its input never ends when a console is closed.
  const input = openSync(files.input, 'r+')
  const output = openSync(files.console, 'a', 0o600)
  const log = openSync(files.log, 'a', 0o600)
  try {
    // In a session of its own: Ctrl-C in our terminal is for us.
    return spawn(program!, args, { detached: true, stdio: [input, output, log] })
  } finally {
    for (const fd of [input, output, log]) closeSync(fd)
  }
}

async function configure(guest: Guest, files: VmmFiles, signal: AbortSignal): Promise<void> {
  using api = new Api(files.apiSocket)
  await answering(api, guest, signal)
  for (const request of startRequests(guest)) {
    const { status, body } = await api.send(request, signal)
    if (status >= 300) throw faultError(guest, request, status, body)
  }
}

/** The socket's file appears a little before anybody serves it, so only an answer counts. */
async function answering(api: Api, guest: Guest, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + SOCKET_MS
  for (;;) {
    try {
      await api.send({ method: 'GET', path: '/', body: null }, signal)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const early = code === 'ENOENT' || code === 'ECONNREFUSED'
      if (!early || performance.now() > deadline) throw early ? silent(guest, error) : error
      await delay(POLL_MS, undefined, { signal })
    }
  }
}

/** The end of a file that a person would look at, as evidence. */
export function tail(path: string, lines = 8): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    // It was never written; that says something too.
    return '(empty)'
  }
}

const silent = (guest: Guest, cause: unknown): MicrolanError =>
  new MicrolanError({
    code: 'vmm-silent',
    what: `The VMM of guest "${guest.name}" did not answer on its socket within ${SOCKET_MS / 1000} s.`,
    fix: [{ say: 'See what it logged:', run: `microlan logs --vmm ${guest.name}` }],
    cause,
  })

const missing = (guest: Guest, command: readonly string[], cause: Error): MicrolanError =>
  new MicrolanError({
    code: 'vmm-missing',
    what: `Guest "${guest.name}" cannot start: ${command[0]} does not run.`,
    evidence: [{ source: 'process', from: command.join(' '), said: cause.message }],
    fix: [{ say: 'Install Firecracker, or take the emulator: "vmm: emulator" in the lab file.' }],
    cause,
  })

const diedError = (guest: Guest, files: VmmFiles, how: string): MicrolanError =>
  new MicrolanError({
    code: 'vmm-died',
    what: `The VMM of guest "${guest.name}" ended before the guest ran (${how}).`,
    evidence: [
      { source: guest.vmm, from: files.log, said: tail(files.log) },
      { source: 'guest', from: files.console, said: tail(files.console) },
    ],
    fix: [{ say: 'If the log does not tell, start it by hand with the arguments in the log.' }],
  })
