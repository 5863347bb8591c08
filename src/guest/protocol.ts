// The words between host and agent: lines of a verb, a job, and base64. The line is shared by all who speak on
// it, so jobs have names that are nobody else's, and everyone ignores what is not theirs.

/** What the agent says. */
export type Reply =
  /** It is there: the answer to a ping of that name. */
  | { readonly kind: 'present'; readonly id: string }
  | { readonly kind: 'stdout' | 'stderr'; readonly id: string; readonly data: Buffer }
  | { readonly kind: 'stdout-end' | 'stderr-end'; readonly id: string }
  /** A piece of standard input has been taken. */
  | { readonly kind: 'taken'; readonly id: string }
  | { readonly kind: 'exit'; readonly id: string; readonly code: number }

/** Every reply starts with this, which tells it from console output on a shared serial line. */
const MARK = '\x02'

const base64 = (bytes: Buffer): string => bytes.toString('base64')

export const askPresence = (id: string): string => `P ${id}\n`
export const askRun = (id: string, script: string): string => `X ${id} ${base64(Buffer.from(script))}\n`
export const askTake = (id: string, data: Buffer): string => `I ${id} ${base64(data)}\n`
/** The job's whole session gets the signal. */
export const askKill = (id: string, signal: number): string => `K ${id} ${signal}\n`

/** Null for a line that is no reply: console output, an echo, half a line from before we listened. */
export function parseReply(line: string): Reply | null {
  const at = line.indexOf(MARK)
  if (at === -1) return null
  const [verb, id, rest = ''] = line
    .slice(at + 1)
    .trimEnd()
    .split(' ')
  if (id === undefined || id === '') return null
  switch (verb) {
    case 'P':
      return { kind: 'present', id }
    case 'O':
      return { kind: 'stdout', id, data: Buffer.from(rest, 'base64') }
    case 'E':
      return { kind: 'stderr', id, data: Buffer.from(rest, 'base64') }
    case 'o':
      return { kind: 'stdout-end', id }
    case 'e':
      return { kind: 'stderr-end', id }
    case 'I':
      return { kind: 'taken', id }
    case 'Q':
      return { kind: 'exit', id, code: Number(rest) }
    default:
      return null
  }
}

/** One word for sh, whatever is in it. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
