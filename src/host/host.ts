// The only port to the world. Whoever implements it must pass test/contract/host.contract.ts.
import type { Observed } from '../model/observed.ts'
import type { Step } from '../plan/step.ts'

export interface Host {
  /** One snapshot of all that plans look at. Reads only. */
  observe(): Promise<Observed>

  /**
   * Does a run of steps of one kind; many at once so that the kernel can be asked in one message.
   *
   * A step that removes is done when the thing is gone, also when it was gone before: an undo may name
   * what a failed run never made. After a failure any of the steps may have been done.
   *
   * @throws MicrolanError naming the step that failed; `signal.reason` when aborted
   */
  perform(steps: readonly Step[], signal: AbortSignal): Promise<void>
}
