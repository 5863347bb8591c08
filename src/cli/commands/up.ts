// microlan up
import type { Step } from '../../plan/step.ts'
import { commands as commandLines, explain } from '../../plan/traits.ts'
import { statusOf } from '../../verbs/session.ts'
import type { UpOptions } from '../../verbs/up.ts'
import { planUp, up } from '../../verbs/up.ts'
import { labJson } from '../../view/lab.ts'
import { isLossless, showMatrix } from '../../view/matrix.ts'
import type { Command, Invocation } from '../command.ts'

export const upCommand: Command = {
  name: 'up',
  summary: 'make the lab be as the file says, and measure who reaches whom',
  usage: '',
  words: [0, 0],
  flags: [
    { name: 'dry-run', value: null, summary: 'print the plan, change nothing' },
    {
      name: 'show-commands',
      value: null,
      summary: 'with it, the ip, bridge and nft lines that each step stands for',
    },
    {
      name: 'only',
      value: 'NAME',
      summary: 'only this guest (and its networks) or this network (and its guests)',
    },
    { name: 'no-wait', value: null, summary: 'do not wait for the guests, and measure nothing' },
    { name: 'no-start', value: null, summary: 'make networks and ports only; start no guest' },
    {
      name: 'allow-mac-collision',
      value: null,
      summary: "let a guest have its tap's address, to see what happens",
    },
  ],
  examples: [
    { run: 'microlan up', does: 'make what microlan.yaml here says' },
    { run: 'microlan up -f examples/two-guests.yaml', does: 'two guests on one LAN' },
    { run: 'microlan up --dry-run --show-commands', does: 'the same by hand: ip, bridge and nft lines' },
  ],
  about: [
    'Again is no steps: up compares what the file says with what the host has, and does the difference.',
    'It stops at the first failure and takes back what it did; so does Ctrl-C.',
    'Exit code 3 when guests are up and packets get lost.',
  ],

  async outside({ output, program }: Invocation) {
    program.labFile()
    await program.session().machine.image((text) => output.tell({ kind: 'note', text }))
  },

  async run({ args, output, program }: Invocation) {
    const options: UpOptions = {
      ...program.labFile(),
      ...(args.value('only') === null ? {} : { only: args.value('only')! }),
      guests: args.has('no-start') ? 'left' : 'started',
      macCollision: args.has('allow-mac-collision') ? 'allowed' : 'refused',
      reachability: args.has('no-wait') ? 'left' : 'measured',
    }
    // After the file: a file that is wrong leaves not even a state directory behind.
    const session = program.session()
    const withCommands = args.has('show-commands')
    if (args.has('dry-run')) {
      const { steps } = await planUp(session, options)
      output.result(showPlan(steps, withCommands), { steps: steps.map((step) => stepJson(step)) })
      return 0
    }
    const { lab, steps, pings } = await up(session, options)
    const noChanges = steps.length === 0 ? ['no changes'] : []
    const shown = withCommands && steps.length > 0 ? [showPlan(steps, true)] : []
    const matrix = pings.length > 0 ? [showMatrix(pings, output.paint)] : []
    const json = { ...labJson(lab, statusOf(session, lab)), steps: steps.map(explain), pings }
    output.result([...noChanges, ...shown, ...matrix].join('\n\n'), json)
    return pings.every(isLossless) ? 0 : 3
  },
}

const stepJson = (step: Step) => ({ kind: step.kind, does: explain(step), commands: commandLines(step) })

function showPlan(steps: readonly Step[], withCommands: boolean): string {
  if (steps.length === 0) return 'no changes'
  return steps
    .flatMap((step) => [
      withCommands ? `# ${explain(step)}` : explain(step),
      ...(withCommands ? commandLines(step) : []),
    ])
    .join('\n')
}
