// The end of a VMM: asked first where a disk could suffer, then killed; done when it is gone.
import { setTimeout as delay } from 'node:timers/promises'
import { Api } from './api.ts'

/** A guest's init may need this long to stop its services. */
const GRACE_MS = 5000
const GONE_MS = 5000
const POLL_MS = 4

export interface StopOptions {
  readonly pid: number
  readonly isAlive: () => boolean
  readonly apiSocket: string
  /** `asked`: Ctrl-Alt-Del first, so that a root file system is unmounted. `killed`: at once, nothing to lose. */
  readonly manner: 'asked' | 'killed'
}

/** Idempotent: a VMM that is gone is stopped. */
export async function stopVmm({ pid, isAlive, apiSocket, manner }: StopOptions): Promise<void> {
  if (manner === 'asked' && isAlive()) {
    await askToStop(apiSocket)
    await until(() => !isAlive(), GRACE_MS)
  }
  if (!isAlive()) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It went between the look and the kill.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
  await until(() => !isAlive(), GONE_MS)
}

async function askToStop(apiSocket: string): Promise<void> {
  using api = new Api(apiSocket)
  const body = { action_type: 'SendCtrlAltDel' }
  // A VMM that does not answer is killed next; its answer changes nothing.
  await api.send({ method: 'PUT', path: '/actions', body }, AbortSignal.timeout(1000)).catch(() => null)
}

async function until(holds: () => boolean, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!holds() && performance.now() < deadline) await delay(POLL_MS)
}
