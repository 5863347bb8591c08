// What a verb is on the command line: data that parsing, help, completion and docs/cli.md are all made from.
import type { ExitCode } from '../errors.ts'
import type { Arguments } from './arguments.ts'
import type { Output } from './output.ts'
import type { Program } from './program.ts'

export interface Flag {
  /** Without dashes. */
  readonly name: string
  readonly short?: string
  /** The value's name in help (`FILE`); null for a switch. */
  readonly value: string | null
  readonly summary: string
}

export interface Example {
  readonly run: string
  readonly does: string
}

export interface Invocation {
  readonly args: Arguments
  readonly output: Output
  readonly program: Program
  readonly signal: AbortSignal
  /** All verbs there are: what help and completion speak of. */
  readonly commands: readonly Command[]
}

export interface Command {
  readonly name: string
  /** One line, no full stop. */
  readonly summary: string
  /** What follows the verb: `GUEST -- COMMAND [ARGUMENT …]`. */
  readonly usage: string
  /** How many words without dashes it takes: at least, at most. */
  readonly words: readonly [number, number]
  readonly flags: readonly Flag[]
  readonly examples: readonly Example[]
  /** More than the summary says; paragraphs. */
  readonly about: readonly string[]
  /**
   * What has to be done before `--netns` is entered: that namespace may have no way to Debian's packages.
   */
  outside?(invocation: Invocation): Promise<void>
  run(invocation: Invocation): Promise<ExitCode>
}

/** Flags that every verb takes. */
export const globalFlags: readonly Flag[] = [
  { name: 'file', short: 'f', value: 'FILE', summary: 'the lab file (default: microlan.yaml, .yml, .json)' },
  { name: 'json', value: null, summary: 'the result as one JSON document' },
  { name: 'quiet', short: 'q', value: null, summary: 'no story on stderr, only errors' },
  { name: 'debug', value: null, summary: 'every step with its time, and causes of errors' },
  { name: 'no-color', value: null, summary: 'no colour (also: NO_COLOR, TERM=dumb)' },
  {
    name: 'state-dir',
    value: 'DIR',
    summary: 'where labs are remembered (MICROLAN_STATE_DIR; default /var/lib/microlan)',
  },
  { name: 'netns', value: 'NAME', summary: 'act as if this network namespace were the host' },
  { name: 'help', short: 'h', value: null, summary: 'the page of a verb' },
]
