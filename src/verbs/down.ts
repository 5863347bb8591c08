// Removes labs: guests, ports, networks, and what is remembered of them but their leases.
import { planDown } from '../plan/plan.ts'
import type { Step } from '../plan/step.ts'
import { perform } from './perform.ts'
import type { Session } from './session.ts'
import { findLab, labsHere, locked } from './session.ts'

export interface DownOptions {
  /** `all`: every lab of this network namespace. */
  readonly lab: string | { readonly kind: 'all' }
  /** `forgotten`: the next `up` may choose other ranges and addresses. */
  readonly leases: 'kept' | 'forgotten'
}

/** What `down` would do, by lab. */
export async function planDowns(
  session: Session,
  { lab }: DownOptions,
): Promise<ReadonlyMap<string, readonly Step[]>> {
  const names =
    typeof lab === 'string' ? [findLab(session, lab).name] : labsHere(session).map(({ name }) => name)
  const observed = await session.machine.host.observe()
  return new Map(names.map((name) => [name, planDown(name, observed)]))
}

/**
 * Goes on after a failure and reports all of them; a lab is forgotten only when it is gone. Idempotent for
 * labs that exist; a lab that does not is an error, as its name is probably mistyped.
 *
 * @throws lab-unknown, and the failures of steps
 */
export async function down(session: Session, options: DownOptions): Promise<readonly string[]> {
  const { machine } = session
  return await locked(session, async () => {
    const names = [...(await planDowns(session, options)).keys()]
    for (const name of names) {
      // Observed anew for each: one lab's removal may have taken the firewall table of all along.
      const steps = planDown(name, await machine.host.observe())
      await perform(session, steps, 'go-on')
      machine.forget(name, options.leases)
    }
    return names
  })
}
