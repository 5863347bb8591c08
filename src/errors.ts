// The one shape of everything that stops microlan: what, evidence, fix, state, and a permanent code.
// The library throws these and never prints; only `cli` and the emulator's main do.

/** One fact with its source, quoted verbatim: the kernel, a tool, a file, a process. */
export interface Evidence {
  /** Who says it: `kernel`, `nft`, `firecracker`, `file`, `process`, `lab` … */
  readonly source: string
  /** Where exactly: the call, the file and line, the command. */
  readonly from: string
  readonly said: string
}

/** One thing to do about it; `run` is a command to paste where one exists. */
export interface Fix {
  readonly say: string
  readonly run?: string
}

/** What a program may exit with (design: 0 done, 3 findings; 130 interrupted). */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130

export interface ErrorBody {
  /** Permanent, kebab-case; also the help page: `microlan help <code>`. */
  readonly code: string
  /** One sentence: what failed, in the user's names, and why. */
  readonly what: string
  readonly evidence?: readonly Evidence[]
  /** Most likely first. */
  readonly fix?: readonly Fix[]
  /** What has been changed: nothing, undone, or left (with names). */
  readonly state?: string
  /** 1 the world said no (default) · 2 wrong usage or file · 4 not permitted · 130 interrupted. */
  readonly exit?: ExitCode
  readonly cause?: unknown
}

/** Stops a command. `state` is filled in by whoever knows what was undone. */
export class MicrolanError extends Error {
  override readonly name = 'MicrolanError'
  readonly code: string
  readonly what: string
  readonly evidence: readonly Evidence[]
  readonly fix: readonly Fix[]
  readonly state: string
  readonly exit: ExitCode

  constructor(body: ErrorBody) {
    super(body.what, body.cause === undefined ? undefined : { cause: body.cause })
    this.code = body.code
    this.what = body.what
    this.evidence = body.evidence ?? []
    this.fix = body.fix ?? []
    this.state = body.state ?? 'Nothing was changed.'
    this.exit = body.exit ?? 1
  }

  /** The same error, told with what became of the changes made before it. */
  withState(state: string): MicrolanError {
    return new MicrolanError({ ...this.body(), state })
  }

  /** The plain object that `--json` prints under `error`. */
  toJSON(): Omit<ErrorBody, 'cause' | 'exit'> {
    return { code: this.code, what: this.what, evidence: this.evidence, fix: this.fix, state: this.state }
  }

  private body(): ErrorBody {
    return {
      code: this.code,
      what: this.what,
      evidence: this.evidence,
      fix: this.fix,
      exit: this.exit,
      cause: this.cause,
    }
  }
}
