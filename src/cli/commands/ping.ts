// microlan ping

import { HOST, measure, thorough } from '../../verbs/ping.ts'
import type { Session } from '../../verbs/session.ts'
import { findGuest, findLab } from '../../verbs/session.ts'
import { isLossless, showMatrix } from '../../view/matrix.ts'
import type { Command } from '../command.ts'

export const pingCommand: Command = {
  name: 'ping',
  summary: 'measure who reaches whom: host and guests, from inside',
  usage: '[FROM] [TO]',
  words: [0, 2],
  flags: [{ name: 'count', short: 'c', value: 'N', summary: 'packets each (default 3)' }],
  examples: [
    { run: 'microlan ping', does: 'the whole matrix' },
    { run: 'microlan ping alice bob', does: 'one direction' },
    { run: 'microlan ping host alice', does: 'from this machine' },
  ],
  about: [
    'Each guest is asked over its own channel, so the answer is its own view. Exit code 3 when packets are lost.',
  ],

  async run({ args, output, program }) {
    const session = program.session()
    const [from, to] = args.words
    const named = [from, to].find((word) => word !== undefined && word !== HOST)
    const lab = named === undefined ? findLab(session, program.labName()).lab : findGuest(session, named).lab
    const wish = {
      ...(from === undefined ? {} : { from: plainName(session, from) }),
      ...(to === undefined ? {} : { to: plainName(session, to) }),
      effort: { ...thorough, count: Number(args.value('count') ?? thorough.count) },
    }
    const pings = await measure(session, lab, wish)
    output.result(showMatrix(pings, output.paint), { pings })
    return pings.every(isLossless) ? 0 : 3
  },
}

/** `lab/guest` names a guest among labs; inside its lab it is just `guest`. */
const plainName = (session: Session, word: string): string =>
  word === HOST ? HOST : findGuest(session, word).guest.name
