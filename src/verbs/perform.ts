// Performs a plan and tells how it goes: one line a run of steps, and how long all of them took.
import { apply } from '../host/apply.ts'
import type { Step } from '../plan/step.ts'
import { explain } from '../plan/traits.ts'
import type { Session } from './session.ts'

/** @throws what `apply` throws */
export async function perform(
  { machine, signal, tell }: Session,
  steps: readonly Step[],
  onFailure: 'undo' | 'go-on',
): Promise<void> {
  const now = () => performance.now()
  const started = now()
  const onRun = (run: readonly Step[], elapsedMs: number) => {
    const what = explain(run[0]!)
    tell({ kind: 'done', what: run.length === 1 ? what : `${what}, and ${run.length - 1} more`, elapsedMs })
    for (const step of run.slice(1)) tell({ kind: 'debug', text: explain(step) })
  }
  await apply(machine.host, steps, { signal, onFailure, now, onRun })
  tell({ kind: 'debug', text: `${steps.length} steps, ${(now() - started).toFixed(1)} ms in all` })
}
