// Words and flags of a command line, checked against the verb's own table.
import { MicrolanError } from '../errors.ts'
import { nearest } from '../model/nearest.ts'
import type { Command, Flag } from './command.ts'
import { globalFlags } from './command.ts'

export interface Arguments {
  readonly words: readonly string[]
  /** What stands after a bare `--`; null when there is none. */
  readonly rest: readonly string[] | null
  readonly has: (flag: string) => boolean
  /** A flag's value; null when it was not given. */
  readonly value: (flag: string) => string | null
}

const usage = (code: string, what: string, fix: readonly { say: string; run?: string }[]): MicrolanError =>
  new MicrolanError({ code, what, fix, exit: 2 })

/** Where the verb stands: the first word that is neither a flag nor a flag's value. -1 when there is none. */
export function findVerb(argv: readonly string[]): number {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '--') return -1
    if (!word.startsWith('-')) return i
    const flag = flagOf(word, globalFlags)
    if (flag?.value && !word.includes('=')) i++
  }
  return -1
}

const flagOf = (word: string, flags: readonly Flag[]): Flag | undefined => {
  const name = word.replace(/=.*/s, '')
  return flags.find(
    (flag) => name === `--${flag.name}` || (flag.short !== undefined && name === `-${flag.short}`),
  )
}

/**
 * @throws flag-unknown (with the nearest), flag-value, words-missing, words-many
 */
export function parseArguments(argv: readonly string[], command: Command): Arguments {
  const flags = [...command.flags, ...globalFlags]
  const values = new Map<string, string>()
  const words: string[] = []
  let rest: readonly string[] | null = null
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '--') {
      rest = argv.slice(i + 1)
      break
    }
    if (!word.startsWith('-') || word === '-') {
      words.push(word)
      continue
    }
    const flag = flagOf(word, flags)
    if (!flag) throw unknownFlag(word, command, flags)
    const inline = /=(.*)/s.exec(word)?.[1]
    if (flag.value === null) {
      if (inline !== undefined) throw usage('flag-value', `--${flag.name} takes no value.`, helpFor(command))
      values.set(flag.name, '')
      continue
    }
    const value = inline ?? argv[++i]
    if (value === undefined)
      throw usage(
        'flag-value',
        `--${flag.name} needs a value: --${flag.name} ${flag.value}.`,
        helpFor(command),
      )
    values.set(flag.name, value)
  }
  if (!values.has('help')) checkWords(words, command)
  return { words, rest, has: (flag) => values.has(flag), value: (flag) => values.get(flag) ?? null }
}

const helpFor = (command: Command) => [{ say: 'How it is used:', run: `microlan help ${command.name}` }]

function checkWords(words: readonly string[], command: Command): void {
  const [least, most] = command.words
  const form = `microlan ${command.name} ${command.usage}`.trim()
  if (words.length < least) throw usage('words-missing', `Something is missing: ${form}`, helpFor(command))
  if (words.length > most)
    throw usage('words-many', `"${words[most]}" is one word too many: ${form}`, helpFor(command))
}

function unknownFlag(word: string, command: Command, flags: readonly Flag[]): MicrolanError {
  const near = nearest(
    word.replace(/^-+|=.*/gs, ''),
    flags.map(({ name }) => name),
  )
  return usage('flag-unknown', `microlan ${command.name} has no flag ${word}.`, [
    ...(near ? [{ say: `Did you mean --${near}?` }] : []),
    ...helpFor(command),
  ])
}
