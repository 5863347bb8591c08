// Makes the host be as the lab file says, waits until guests are reachable, and measures.
import { accessSync, constants } from 'node:fs'
import { isAbsolute, resolve as resolvePath } from 'node:path'
import { MicrolanError } from '../errors.ts'
import { takeBack } from '../host/apply.ts'
import type { Guest, Lab } from '../model/desired.ts'
import type { LabFile } from '../model/lab-file.ts'
import { leasesOf, resolve } from '../model/resolve.ts'
import { plan } from '../plan/plan.ts'
import { only } from '../plan/scope.ts'
import type { Step } from '../plan/step.ts'
import type { LabRecord } from '../state/store.ts'
import type { Ping } from '../view/matrix.ts'
import { telling } from './news.ts'
import { perform } from './perform.ts'
import { measure, thorough } from './ping.ts'
import type { Session } from './session.ts'
import { locked } from './session.ts'

export interface UpOptions {
  readonly file: LabFile
  /** Absolute path of the file; a lab belongs to one. */
  readonly path: string
  /** The lab's name unless the file gives one: its folder's. */
  readonly defaultName: string
  readonly only?: string
  readonly guests: 'started' | 'left'
  readonly macCollision: 'refused' | 'allowed'
  /** `measured` waits for the guests and pings; `left` returns when they are started. */
  readonly reachability: 'measured' | 'left'
}

export interface Planned {
  readonly lab: Lab
  readonly steps: readonly Step[]
}

export interface UpResult extends Planned {
  /** Empty when nothing was measured. */
  readonly pings: readonly Ping[]
}

/** What `up` would do. Changes nothing, but may build the guest image, whose path is part of the answer. */
export async function planUp(session: Session, options: UpOptions): Promise<Planned> {
  const { machine, tell, signal } = session
  const { file } = options
  const name = file.body.name ?? options.defaultName
  checkOwner(session, name, options.path)
  const image = await machine.image((text) => tell({ kind: 'note', text }))
  const [choice, observed] = await Promise.all([
    machine.chooseVmm(file.body.vmm, image.kernel, signal),
    machine.host.observe(),
  ])
  tell({ kind: 'debug', text: choice.why })
  const lab = resolve(file, {
    lab: name,
    observed,
    leases: machine.store.leases(),
    vmm: choice.kind,
    image,
    macCollision: options.macCollision,
  })
  const placed = { ...lab, guests: lab.guests.map((guest) => withPaths(guest, options.path)) }
  for (const guest of placed.guests) checkFiles(guest, file)
  const steps = plan(placed, observed, { guests: options.guests })
  const wanted = options.only === undefined ? steps : only(steps, placed, options.only)
  if (wanted.some(({ kind }) => kind === 'start-guest')) tell({ kind: 'note', text: choice.why })
  return { lab: placed, steps: wanted }
}

/**
 * Idempotent. Stops at the first failure and takes back what it did; so does an abort, also while it waits.
 *
 * @throws whatever resolving and the steps throw; guest-not-ready (the lab is then left for a look)
 */
export async function up(session: Session, options: UpOptions): Promise<UpResult> {
  const { signal, tell } = session
  const done = await locked(session, async () => {
    const planned = await planUp(session, options)
    const before = session.machine.store.labs().find(({ name }) => name === planned.lab.name) ?? null
    await carryOut(session, planned, { before, path: options.path })
    return { ...planned, before }
  })
  const { lab, steps } = done
  const started = options.guests === 'started' && lab.guests.length > 0
  if (options.reachability === 'left' || !started) return { lab, steps, pings: [] }
  try {
    await waitForGuests(session, lab)
    const pings = await telling(tell, 'measured who reaches whom', () =>
      measure(session, lab, { effort: thorough }),
    )
    return { lab, steps, pings }
  } catch (error) {
    if (!signal.aborted) throw error
    // Whoever interrupts a wait means the whole of it. The undo itself is not to be interrupted.
    throw await locked({ ...session, signal: new AbortController().signal }, async () => {
      const undone = await takeBack(session.machine.host, steps, { error, aborted: true })
      remember(session, lab, done.before)
      return undone
    })
  }
}

async function carryOut(
  session: Session,
  { lab, steps }: Planned,
  { before, path }: { readonly before: LabRecord | null; readonly path: string },
): Promise<void> {
  const { store, settings } = session.machine
  // Written first: whatever comes after can be found by a later run, however this one ends.
  store.saveLab({ name: lab.name, file: path, netns: settings.netns, lab }, leasesOf(lab))
  try {
    await perform(session, steps, 'undo')
  } catch (error) {
    remember(session, lab, before)
    throw error
  }
}

/** After an undo the lab is again what it was before, or was never there. */
function remember({ machine }: Session, lab: Lab, before: LabRecord | null): void {
  if (before) machine.store.saveLab(before, leasesOf(before.lab))
  else machine.forget(lab.name, 'forgotten')
}

/** Guests that boot at once slow each other down; each gets its share of patience. */
const READY_MS = 30_000
const READY_MS_EACH = 3_000

async function waitForGuests({ machine, signal, tell }: Session, lab: Lab): Promise<void> {
  const timeoutMs = READY_MS + READY_MS_EACH * lab.guests.length
  const one = (guest: Guest) =>
    telling(tell, `guest "${guest.name}" is ready`, () => machine.ready(guest, timeoutMs, signal))
  const running = lab.guests.filter((guest) => machine.vmm(lab.name, guest.name))
  await Promise.all(running.map(one))
}

/** Two files cannot make one lab: the second would tear down what the first made. */
function checkOwner({ machine }: Session, name: string, path: string): void {
  const holder = machine.store.labs().find((record) => record.name === name)
  if (!holder || (holder.file === path && holder.netns === machine.settings.netns)) return
  const where = (netns: string | null) => (netns === null ? '' : ` (in network namespace ${netns})`)
  throw new MicrolanError({
    code: 'lab-name-taken',
    what: `There is a lab "${name}" already, made from another file.`,
    evidence: [
      { source: 'state', from: `lab "${name}"`, said: `${holder.file}${where(holder.netns)}` },
      { source: 'file', from: 'this file', said: `${path}${where(machine.settings.netns)}` },
    ],
    fix: [
      { say: 'Give this lab another name: "name:" in its file.' },
      { say: 'Or remove the other:', run: `microlan down ${name}` },
    ],
  })
}

/** Paths in a lab file are relative to the file, wherever microlan is called from. */
function withPaths(guest: Guest, labFile: string): Guest {
  const absolute = <T extends string | null>(path: T) =>
    (path === null || isAbsolute(path) ? path : resolvePath(labFile, '..', path)) as T
  return {
    ...guest,
    kernel: absolute(guest.kernel),
    initrd: absolute(guest.initrd),
    rootfs: absolute(guest.rootfs),
  }
}

function checkFiles(guest: Guest, file: LabFile): void {
  const { R_OK, W_OK } = constants
  const wanted = [
    { key: 'kernel', path: guest.kernel, mode: R_OK },
    { key: 'initrd', path: guest.initrd, mode: R_OK },
    { key: 'rootfs', path: guest.rootfs, mode: R_OK | W_OK },
  ]
  for (const { key, path, mode } of wanted) {
    if (path === null) continue
    try {
      accessSync(path, mode)
    } catch (error) {
      throw new MicrolanError({
        code: 'boot-file-unreadable',
        what: `Guest "${guest.name}" cannot boot: its ${key} cannot be read${mode & W_OK ? ' and written' : ''}.`,
        evidence: [
          { source: 'file', from: file.locate(['guests', guest.name, key]), said: `${key}: ${path}` },
          { source: 'kernel', from: path, said: (error as Error).message },
        ],
        fix: [{ say: 'Correct the path (relative to the lab file), or its permissions.' }],
        exit: 2,
        cause: error,
      })
    }
  }
}
