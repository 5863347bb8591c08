// Starts and stops single guests of a lab that is up.
import { plan } from '../plan/plan.ts'
import { only } from '../plan/scope.ts'
import type { Step } from '../plan/step.ts'
import { telling } from './news.ts'
import { perform } from './perform.ts'
import type { Session } from './session.ts'
import { findGuest, locked } from './session.ts'

/** Starts a guest, and mends its network if that has suffered. Idempotent; done when the guest is ready. */
export async function start(session: Session, name: string): Promise<void> {
  const { machine, signal, tell } = session
  const { lab, guest } = findGuest(session, name)
  await locked(session, async () => {
    const steps = plan(lab, await machine.host.observe(), { guests: 'started' })
    await perform(session, only(steps, lab, guest.name), 'undo')
  })
  await telling(tell, `guest "${guest.name}" is ready`, () => machine.ready(guest, 30_000, signal))
}

/** Stops a guest; its port and its addresses stay. Idempotent. */
export async function stop(session: Session, name: string): Promise<void> {
  const { guest } = findGuest(session, name)
  await locked(session, async () => {
    const running = session.machine.vmm(guest.lab, guest.name)
    const steps: readonly Step[] = running
      ? [{ kind: 'stop-guest', guest: running.guest, why: 'asked to' }]
      : []
    await perform(session, steps, 'go-on')
  })
}
