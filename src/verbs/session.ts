// What every verb is given: the machine, how to stop, and whom to tell.
import { MicrolanError } from '../errors.ts'
import type { Machine } from '../host/machine.ts'
import type { Guest, Lab } from '../model/desired.ts'
import { nearest } from '../model/nearest.ts'
import type { LabRecord } from '../state/store.ts'
import type { GuestStatus } from '../view/lab.ts'
import type { Tell } from './news.ts'

export interface Session {
  readonly machine: Machine
  readonly signal: AbortSignal
  readonly tell: Tell
}

/** Holds the state directory's lock while `work` changes things. */
export async function locked<T>({ machine, signal, tell }: Session, work: () => Promise<T>): Promise<T> {
  const onWait = (holder: string) => tell({ kind: 'note', text: `waiting for another microlan (${holder})` })
  using _held = await machine.lock(signal, onWait)
  return await work()
}

/** @throws lab-unknown */
export function findLab({ machine }: Session, name: string): LabRecord {
  const labs = machine.store.labs()
  const found = labs.find((record) => record.name === name)
  if (found) return found
  const near = nearest(
    name,
    labs.map((record) => record.name),
  )
  throw new MicrolanError({
    code: 'lab-unknown',
    what: `There is no lab "${name}".`,
    evidence: [
      {
        source: 'state',
        from: machine.settings.stateDir,
        said: labs.length === 0 ? 'no labs' : `labs: ${labs.map((record) => record.name).join(', ')}`,
      },
    ],
    fix: near ? [{ say: `Did you mean "${near}"?` }] : [{ say: 'Make one:', run: 'microlan up' }],
  })
}

/**
 * A guest by its name, or by `lab/guest` where several labs have one of that name.
 *
 * @throws guest-unknown, guest-ambiguous
 */
export function findGuest({ machine }: Session, name: string): { readonly lab: Lab; readonly guest: Guest } {
  const all = machine.store.labs().flatMap(({ lab }) => lab.guests.map((guest) => ({ lab, guest })))
  const found = all.filter(({ lab, guest }) => name === guest.name || name === `${lab.name}/${guest.name}`)
  if (found.length === 1) return found[0]!
  const names = all.map(({ lab, guest }) => `${lab.name}/${guest.name}`)
  if (found.length > 1) {
    throw new MicrolanError({
      code: 'guest-ambiguous',
      what: `Several labs have a guest "${name}".`,
      evidence: [{ source: 'state', from: machine.settings.stateDir, said: names.join(', ') }],
      fix: found.map(({ lab, guest }) => ({ say: `Say which: ${lab.name}/${guest.name}` })),
      exit: 2,
    })
  }
  const near = nearest(
    name,
    all.map(({ guest }) => guest.name),
  )
  throw new MicrolanError({
    code: 'guest-unknown',
    what: `There is no guest "${name}".`,
    evidence: [
      {
        source: 'state',
        from: machine.settings.stateDir,
        said: names.length === 0 ? 'no guests' : names.join(', '),
      },
    ],
    fix: near ? [{ say: `Did you mean "${near}"?` }] : [{ say: 'See all:', run: 'microlan ls' }],
    exit: 2,
  })
}

/** Each guest's state, by name. */
export function statusOf({ machine }: Session, lab: Lab): ReadonlyMap<string, GuestStatus> {
  return new Map(
    lab.guests.map((guest): [string, GuestStatus] => {
      const record = machine.vmm(lab.name, guest.name)
      if (!record) return [guest.name, { state: 'stopped', vmm: null }]
      const vmm = { kind: record.kind, pid: record.process!.pid, apiSocket: machine.files(guest).apiSocket }
      return [guest.name, { state: record.phase, vmm }]
    }),
  )
}
