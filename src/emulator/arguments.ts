// Firecracker's command line, argument for argument, with the errors of its own parser; and our two extensions.

/** What an argument takes: nothing, or one value. */
interface Argument {
  readonly takes: 'nothing' | 'value'
  readonly help: string
  /** Ours, and no Firecracker's. */
  readonly extension?: true
}

const flag = (help: string): Argument => ({ takes: 'nothing', help })
const value = (help: string): Argument => ({ takes: 'value', help })

export const known: Readonly<Record<string, Argument>> = {
  'api-sock': value('Path to the Unix socket of the API (default: /run/firecracker.socket)'),
  id: value('MicroVM identifier (default: anonymous-instance)'),
  'seccomp-filter': value('Accepted; QEMU has filters of its own'),
  'no-seccomp': flag('Accepted'),
  'start-time-us': value('Accepted; the time the jailer started'),
  'start-time-cpu-us': value('Accepted'),
  'parent-cpu-time-us': value('Accepted'),
  'config-file': value('Path to a JSON file with the whole configuration; boots at once'),
  metadata: value('Refused: MMDS is not emulated'),
  'no-api': flag('Serve no API; needs --config-file'),
  'log-path': value('Path to a file or named pipe for logs (default: stdout)'),
  level: value('Log level: Off, Error, Warning, Info, Debug, Trace (default: Info)'),
  module: value('Only log of this module'),
  'show-level': flag('Show the level in each log line'),
  'show-log-origin': flag('Accepted'),
  'metrics-path': value('Path to a file or named pipe for metrics'),
  'boot-timer': flag('Accepted'),
  'http-api-max-payload-size': value('Largest request body in bytes (default: 51200)'),
  'mmds-size-limit': value('Accepted'),
  'enable-pci': flag('Refused: devices are virtio-mmio here'),
  version: flag('Print the version and exit'),
  'snapshot-version': flag('Refused: snapshots are not emulated'),
  'describe-snapshot': value('Refused: snapshots are not emulated'),
  help: flag('Print this and exit'),
  'agent-sock': { ...value('Socket of a line to the agent of the microlan guest'), extension: true },
  accelerator: {
    ...value('Print how a guest with this KERNEL would run here (kvm or tcg, and why) and exit'),
    extension: true,
  },
}

/** Says what Firecracker's parser would, in its Debug form: `UnexpectedArgument("--x")`. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'
}

export type Arguments = ReadonlyMap<string, string>

/** @throws ArgumentError */
export function parseArguments(words: readonly string[]): Arguments {
  const given = new Map<string, string>()
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
  // Asked for anywhere, these win over every mistake.
  for (const [name, short] of [
    ['help', '-h'],
    ['version', '-V'],
  ] as const)
    if (own.includes(`--${name}`) || own.includes(short)) return new Map([[name, '']])
  for (let i = 0; i < own.length; i++) {
    const word = own[i]!
    const name = word.slice(2)
    const argument = word.startsWith('--') ? known[name] : undefined
    if (!argument) throw new ArgumentError(`UnexpectedArgument("${word}")`)
    if (given.has(name)) throw new ArgumentError(`DuplicateArgument("${name}")`)
    if (argument.takes === 'nothing') {
      given.set(name, '')
      continue
    }
    const next = own[++i]
    if (next === undefined || next.startsWith('--')) throw new ArgumentError(`MissingValue("${name}")`)
    given.set(name, next)
  }
  if (given.has('no-api') && !given.has('config-file'))
    throw new ArgumentError('MissingArgument("config-file")')
  if (given.has('seccomp-filter') && given.has('no-seccomp'))
    throw new ArgumentError('ForbiddenArgument("no-seccomp", "seccomp-filter")')
  return given
}

export function helpText(): string {
  const rows = (extension: boolean) =>
    Object.entries(known)
      .filter(([, argument]) => (argument.extension ?? false) === extension)
      .map(
        ([name, { takes, help }]) =>
          `  --${`${name}${takes === 'value' ? ` <${name}>` : ''}`.padEnd(56)} ${help}`,
      )
      .join('\n')
  return `Firecracker's API, with guests under QEMU: started like firecracker, spoken to like firecracker.

optional arguments:
${rows(false)}

extensions:
${rows(true)}
`
}
