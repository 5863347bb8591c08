// QEMU as a child that cannot outlive us, and whose end is told.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { Fault } from './fault.ts'
import type { GuestSetup } from './qemu.ts'
import { QEMU, qemuArguments } from './qemu.ts'
import { Qmp } from './qmp.ts'

export interface GuestProcess {
  readonly pid: number
  readonly qmp: Qmp
  /** The guest's end of the line to its agent. */
  readonly agent: Duplex
}

export interface GuestEvents {
  /** The guest reset itself: Firecracker ends then, with 0. */
  readonly onReset: () => void
  /** QEMU is gone; `said` is what it wrote to stderr last. */
  readonly onEnd: (how: string, said: string) => void
}

/**
 * Started with `setpriv --pdeathsig KILL`: the kernel ends it when we end, however that comes.
 *
 * @throws Fault when QEMU (or setpriv) is not installed
 */
export async function startGuest(
  setup: GuestSetup,
  taps: readonly number[],
  events: GuestEvents,
): Promise<GuestProcess> {
  if (!isInstalled(QEMU))
    throw new Fault(
      `Start microvm error: ${QEMU} not found: apt-get install --no-install-recommends qemu-system-x86`,
    )
  const args = ['--pdeathsig', 'KILL', '--', QEMU, ...qemuArguments(setup)]
  // Pipes are socket pairs in Node, which is what QEMU's chardevs want: no paths, no races.
  const child = spawn('setpriv', args, { stdio: ['inherit', 'inherit', 'pipe', 'pipe', 'pipe', ...taps] })
  const spawned = await new Promise<Error | null>((resolve) => {
    child.once('error', resolve)
    child.once('spawn', () => resolve(null))
  })
  if (spawned)
    throw new Fault(`Start microvm error: setpriv not found: apt-get install util-linux (${spawned.message})`)
  let said = ''
  ;(child.stdio[2] as Readable).on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4096)
  })
  child.once('close', (code, signal) =>
    events.onEnd(code === null ? `signal ${signal}` : `exit code ${code}`, said.trim()),
  )
  const qmp = new Qmp(child.stdio[3] as Duplex, ({ event, data }) => {
    if (event === 'SHUTDOWN' && data?.reason === 'guest-reset') events.onReset()
  })
  return { pid: child.pid!, qmp, agent: child.stdio[4] as Duplex }
}

/** setpriv starts at once and finds out later; a start that cannot succeed is to be refused, not begun. */
const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
