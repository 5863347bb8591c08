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

/**
 * The labs of this network namespace. Those of others are seen (`ls`) and not touched: their links are not here,
 * so a plan made here would be wrong.
 */
export const labsHere = ({ machine }: Session): readonly LabRecord[] =>
  machine.store.labs().filter(({ netns }) => netns === machine.settings.netns)

/** @throws lab-unknown, lab-elsewhere */
export function findLab(session: Session, name: string): LabRecord {
  const { machine } = session
  const labs = labsHere(session)
  const found = labs.find((record) => record.name === name)
  if (found) return found
  const elsewhere = machine.store.labs().find((record) => record.name === name)
  if (elsewhere) throw labElsewhere(elsewhere)
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

const labElsewhere = ({ name, netns }: LabRecord): MicrolanError =>
  new MicrolanError({
    code: 'lab-elsewhere',
    what: `Lab "${name}" lives in ${netns === null ? "the host's own network namespace" : `network namespace "${netns}"`}.`,
    evidence: [{ source: 'state', from: `lab "${name}"`, said: `netns: ${netns ?? "the host's own"}` }],
    fix: [
      {
        say: 'Say the same words there:',
        run: netns === null ? 'microlan … (without --netns)' : `microlan … --netns ${netns}`,
      },
    ],
    exit: 2,
  })

/**
 * A guest by its name, or by `lab/guest` where several labs have one of that name.
 *
 * @throws guest-unknown, guest-ambiguous, lab-elsewhere
 */
export function findGuest(session: Session, name: string): { readonly lab: Lab; readonly guest: Guest } {
  const { machine } = session
  const all = labsHere(session).flatMap(({ lab }) => lab.guests.map((guest) => ({ lab, guest })))
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
  const elsewhere = machine.store.labs().find(({ lab }) => lab.guests.some((guest) => guest.name === name))
  if (elsewhere) throw labElsewhere(elsewhere)
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
