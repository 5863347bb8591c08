// microlan down
import { explain } from '../../plan/traits.ts'
import type { DownOptions } from '../../verbs/down.ts'
import { down, planDowns } from '../../verbs/down.ts'
import type { Command } from '../command.ts'

export const downCommand: Command = {
  name: 'down',
  summary: 'remove the lab: its guests, ports and networks',
  usage: '[LAB]',
  words: [0, 1],
  flags: [
    { name: 'all', value: null, summary: 'every lab' },
    { name: 'forget', value: null, summary: 'and its leases: the next up may choose other addresses' },
    { name: 'dry-run', value: null, summary: 'print the plan, change nothing' },
  ],
  examples: [
    { run: 'microlan down', does: "the lab of this folder's microlan.yaml" },
    { run: 'microlan down --all --forget', does: 'everything, as if it had never been' },
  ],
  about: [
    'Without a name it is the lab of the file. Goes on after a failure, and reports all of them at the end.',
  ],

  async run({ args, output, program }) {
    const session = program.session()
    const options: DownOptions = {
      lab: args.has('all') ? { kind: 'all' } : (args.words[0] ?? program.labName()),
      leases: args.has('forget') ? 'forgotten' : 'kept',
    }
    if (args.has('dry-run')) {
      const steps = [...(await planDowns(session, options)).values()].flat()
      output.result(steps.map(explain).join('\n') || 'nothing to remove', { steps: steps.map(explain) })
      return 0
    }
    const labs = await down(session, options)
    output.result(
      labs.length === 0 ? 'no labs' : `removed ${labs.map((name) => `lab "${name}"`).join(', ')}`,
      { removed: labs },
    )
    return 0
  },
}
