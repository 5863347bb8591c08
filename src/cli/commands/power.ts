// microlan start, microlan stop
import { start, stop } from '../../verbs/power.ts'
import type { Command } from '../command.ts'

export const startCommand: Command = {
  name: 'start',
  summary: 'start a guest of a lab that is up',
  usage: 'GUEST',
  words: [1, 1],
  flags: [],
  examples: [{ run: 'microlan start alice', does: 'done when alice is ready' }],
  about: ['A guest that runs is left alone.'],

  async run({ args, output, program }) {
    const guest = args.words[0]!
    await start(program.session(), guest)
    output.result(`guest "${guest}" runs`, { guest, state: 'running' })
    return 0
  },
}

export const stopCommand: Command = {
  name: 'stop',
  summary: 'stop a guest; its port and addresses stay',
  usage: 'GUEST',
  words: [1, 1],
  flags: [],
  examples: [{ run: 'microlan stop alice', does: 'until the next start or up' }],
  about: [
    'A guest with a root file system of its own is asked first (Ctrl-Alt-Del), so that its disk is in order.',
  ],

  async run({ args, output, program }) {
    const guest = args.words[0]!
    await stop(program.session(), guest)
    output.result(`guest "${guest}" is stopped`, { guest, state: 'stopped' })
    return 0
  },
}
