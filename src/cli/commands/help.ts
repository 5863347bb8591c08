// microlan help: leads with examples; a verb's page; a code's page; the lab file's page.
import { MicrolanError } from '../../errors.ts'
import { nearest } from '../../model/nearest.ts'
import { codes } from '../codes.ts'
import type { Command } from '../command.ts'
import { globalFlags } from '../command.ts'
import { commandPage, filePage, flagRow, indented } from '../pages.ts'

export const helpCommand: Command = {
  name: 'help',
  summary: 'the page of a verb, of an error code, or of the lab file',
  usage: '[VERB | CODE | file]',
  words: [0, 1],
  flags: [],
  examples: [
    { run: 'microlan help up', does: 'a verb' },
    { run: 'microlan help subnet-overlap', does: 'what an error means' },
    { run: 'microlan help file', does: 'all keys of microlan.yaml' },
  ],
  about: [],

  async run({ args, output, commands }) {
    const [topic] = args.words
    const text = topic === undefined ? overview(commands) : pageOf(topic, commands)
    output.result(text, { topic: topic ?? null, text })
    return 0
  },
}

function overview(commands: readonly Command[]): string {
  return [
    'microlan makes LANs for Firecracker microVMs out of plain Linux bridges, and proves that they work.',
    '',
    indented([
      ['microlan up', 'make what microlan.yaml says, and measure it'],
      ['microlan exec alice -- ip addr', 'look from inside a guest'],
      ['microlan down', 'remove all of it'],
    ]),
    '',
    'verbs',
    indented(commands.map(({ name, summary }) => [name, summary])),
    '',
    'everywhere',
    indented(globalFlags.map(flagRow)),
    '',
    'More: microlan help VERB · microlan help file · microlan help CODE',
  ].join('\n')
}

function pageOf(topic: string, commands: readonly Command[]): string {
  const command = commands.find(({ name }) => name === topic)
  if (command) return commandPage(command)
  if (topic === 'file') return filePage
  const code = codes[topic]
  if (code) return `${topic}\n\n${code.means}\n\n${code.todo}`
  const near = nearest(topic, [...commands.map(({ name }) => name), 'file', ...Object.keys(codes)])
  throw new MicrolanError({
    code: 'topic-unknown',
    what: `There is no page about "${topic}".`,
    fix: [...(near ? [{ say: `Did you mean "${near}"?` }] : []), { say: 'All verbs:', run: 'microlan help' }],
    exit: 2,
  })
}
