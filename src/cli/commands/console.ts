// microlan console, microlan logs
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { MicrolanError } from '../../errors.ts'
import { findGuest } from '../../verbs/session.ts'
import type { Command } from '../command.ts'
import { follow } from '../follow.ts'

/** Ctrl-], as telnet and virsh have it. */
const LEAVE = 0x1d

export const consoleCommand: Command = {
  name: 'console',
  summary: "a guest's serial console (leave with Ctrl-])",
  usage: 'GUEST',
  words: [1, 1],
  flags: [],
  examples: [{ run: 'microlan console alice', does: 'press Enter for a shell' }],
  about: ['What is typed goes to the guest as it is, Ctrl-C too. The guest goes on when you leave.'],

  async run({ args, output, program, signal }) {
    const session = program.session()
    const { guest } = findGuest(session, args.words[0]!)
    const files = session.machine.files(guest)
    if (!session.machine.vmm(guest.lab, guest.name)) {
      throw new MicrolanError({
        code: 'guest-stopped',
        what: `Guest "${guest.name}" is not running.`,
        fix: [
          { say: 'Start it:', run: `microlan start ${guest.name}` },
          { say: 'Or read what it said:', run: `microlan logs ${guest.name}` },
        ],
      })
    }
    output.tell({
      kind: 'note',
      text: `console of guest "${guest.name}"; Enter for a shell, Ctrl-] to leave`,
    })
    const left = new AbortController()
    const input = openSync(files.input, 'r+')
    const { stdin } = process
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.on('data', (chunk: Buffer) => {
      const end = chunk.indexOf(LEAVE)
      writeSync(input, end === -1 ? chunk : chunk.subarray(0, end))
      if (end !== -1) left.abort()
    })
    stdin.on('end', () => left.abort())
    try {
      const stop = AbortSignal.any([signal, left.signal])
      const runs = () => session.machine.vmm(guest.lab, guest.name) !== null
      await follow(files.console, { from: 'end', stop, runs, write: (chunk) => process.stdout.write(chunk) })
    } finally {
      if (stdin.isTTY) stdin.setRawMode(false)
      stdin.destroy()
      closeSync(input)
    }
    return 0
  },
}

export const logsCommand: Command = {
  name: 'logs',
  summary: 'what a guest printed on its console',
  usage: 'GUEST',
  words: [1, 1],
  flags: [
    { name: 'follow', value: null, summary: 'and what it prints from now on' },
    { name: 'vmm', value: null, summary: "its VMM's log instead" },
  ],
  examples: [
    { run: 'microlan logs alice', does: 'from its start' },
    { run: 'microlan logs --follow alice', does: 'until Ctrl-C, or until it ends' },
  ],
  about: [],

  async run({ args, program, signal }) {
    const session = program.session()
    const { guest } = findGuest(session, args.words[0]!)
    const files = session.machine.files(guest)
    const path = args.has('vmm') ? files.log : files.console
    if (args.has('follow')) {
      const runs = () => session.machine.vmm(guest.lab, guest.name) !== null
      await follow(path, { from: 'start', stop: signal, runs, write: (chunk) => process.stdout.write(chunk) })
      return 0
    }
    const stream = createReadStream(path)
    try {
      for await (const chunk of stream) process.stdout.write(chunk as Buffer)
    } catch (error) {
      throw new MicrolanError({
        code: 'guest-no-log',
        what: `Guest "${guest.name}" has printed nothing: it was never started.`,
        evidence: [{ source: 'file', from: path, said: (error as Error).message }],
        fix: [{ say: 'Start it:', run: `microlan start ${guest.name}` }],
        cause: error,
      })
    }
    return 0
  },
}
