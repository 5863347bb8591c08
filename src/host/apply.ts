// Performs a plan: in order, in runs of one kind, and backwards again when a step fails.
import { MicrolanError } from '../errors.ts'
import type { Step } from '../plan/step.ts'
import { undo } from '../plan/traits.ts'
import type { Host } from './host.ts'

/** Called after each run of steps with how long it took. */
export type OnRun = (run: readonly Step[], elapsedMs: number) => void

export interface ApplyOptions {
  readonly signal: AbortSignal
  /** `undo` (an `up`) stops at the first error and takes back; `go-on` (a `down`) does all it can, then throws. */
  readonly onFailure: 'undo' | 'go-on'
  readonly onRun?: OnRun
  readonly now: () => number
}

/** As many as one netlink message buffer holds comfortably, and few enough to stay interruptible. */
const RUN_MAX = 128

/** A plan cut into runs of one kind. Order is kept. */
export function runsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const runs: Step[][] = []
  for (const step of steps) {
    const run = runs.at(-1)
    if (run && run[0]!.kind === step.kind && run.length < RUN_MAX) run.push(step)
    else runs.push([step])
  }
  return runs
}

/**
 * @throws the first failure, with `state` telling what became of the steps before it
 */
export async function apply(host: Host, steps: readonly Step[], options: ApplyOptions): Promise<void> {
  const { signal, onFailure, onRun, now } = options
  const failures: unknown[] = []
  const done: Step[] = []
  for (const run of runsOf(steps)) {
    const started = now()
    try {
      signal.throwIfAborted()
      done.push(...run)
      await host.perform(run, signal)
      onRun?.(run, now() - started)
    } catch (error) {
      if (onFailure === 'undo') throw await takeBack(host, done, { error, aborted: signal.aborted })
      failures.push(error)
    }
  }
  if (failures.length > 0) throw severalFailures(failures)
}

/** Undoes steps, the last first, as far as it goes; gives the error to throw, which tells how far that was. */
export async function takeBack(
  host: Host,
  done: readonly Step[],
  { error, aborted }: { readonly error: unknown; readonly aborted: boolean },
): Promise<unknown> {
  const back = done.toReversed().flatMap(undo)
  const left: unknown[] = []
  for (const run of runsOf(back)) {
    try {
      // Not the user's signal: an undo that stops half-way would leave what it is there to remove.
      await host.perform(run, new AbortController().signal)
    } catch (failure) {
      left.push(failure)
    }
  }
  const state =
    left.length > 0
      ? `Left behind: ${left.map((failure) => (failure as Error).message).join('; ')}`
      : done.length > 0
        ? 'Everything that this run had changed was undone.'
        : 'Nothing was changed.'
  if (aborted) return interrupted(state)
  return error instanceof MicrolanError ? error.withState(state) : error
}

const interrupted = (state: string): MicrolanError =>
  new MicrolanError({ code: 'interrupted', what: 'Interrupted.', state, exit: 130 })

function severalFailures(failures: readonly unknown[]): unknown {
  const [first] = failures
  if (failures.length === 1 || !(first instanceof MicrolanError)) return first
  return first.withState(
    `The rest was done, except: ${failures
      .slice(1)
      .map((failure) => (failure as Error).message)
      .join('; ')}`,
  )
}
