// microlan ls, microlan show

import type { Session } from '../../verbs/session.ts'
import { findGuest, findLab, labsHere, statusOf } from '../../verbs/session.ts'
import { labJson, showLab, showLabs } from '../../view/lab.ts'
import type { Command } from '../command.ts'

export const lsCommand: Command = {
  name: 'ls',
  summary: 'list labs, and how many of their guests run',
  usage: '',
  words: [0, 0],
  flags: [],
  examples: [{ run: 'microlan ls', does: 'all labs of this host' }],
  about: [],

  async run({ output, program }) {
    const session = program.session()
    const labs = session.machine.store
      .labs()
      .map(({ lab, file, netns }) => ({ ...labJson(lab, statusOf(session, lab)), file, netns }))
    output.result(showLabs(labs, output.paint), { labs })
    return 0
  },
}

export const showCommand: Command = {
  name: 'show',
  summary: 'show a lab, a network or a guest in full: addresses, taps, processes',
  usage: '[LAB | NETWORK | GUEST]',
  words: [0, 1],
  flags: [],
  examples: [
    { run: 'microlan show', does: "the lab of this folder's microlan.yaml" },
    { run: 'microlan show alice', does: 'one guest: its port, addresses and VMM' },
    { run: 'microlan show --json | jq .guests[].ports', does: 'the same for programs' },
  ],
  about: [],

  async run({ args, output, program }) {
    const session = program.session()
    const lab = labJsonOf(session, args.words[0] ?? program.labName())
    output.result(showLab(lab, output.paint), lab)
    return 0
  },
}

/** The lab of that name, or the part of a lab that is a network or a guest of that name. */
function labJsonOf(session: Session, name: string) {
  const labs = labsHere(session)
  const whole = labs.find((record) => record.name === name)
  if (whole) return labJson(whole.lab, statusOf(session, whole.lab))
  const byNetwork = labs.filter(({ lab }) => lab.networks.some((network) => network.name === name))
  if (byNetwork.length === 1) {
    const { lab } = byNetwork[0]!
    const json = labJson(lab, statusOf(session, lab))
    return {
      ...json,
      networks: json.networks.filter((network) => network.name === name),
      guests: json.guests.filter(({ ports }) => ports.some(({ network }) => network === name)),
    }
  }
  if (labs.length === 0) findLab(session, name)
  const { lab, guest } = findGuest(session, name)
  const json = labJson(lab, statusOf(session, lab))
  return {
    ...json,
    networks: json.networks.filter((network) => guest.ports.some((port) => port.network === network.name)),
    guests: json.guests.filter((other) => other.name === guest.name),
  }
}
