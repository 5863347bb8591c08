// microlan exec

import type { ExitCode } from '../../errors.ts'
import { MicrolanError } from '../../errors.ts'
import { findGuest } from '../../verbs/session.ts'
import type { Command } from '../command.ts'

export const execCommand: Command = {
  name: 'exec',
  summary: 'run a command inside a guest, out of band',
  usage: 'GUEST -- COMMAND [ARGUMENT …]',
  words: [1, Number.POSITIVE_INFINITY],
  flags: [{ name: 'stdin', short: 'i', value: null, summary: 'give it our standard input, to its end' }],
  examples: [
    { run: 'microlan exec alice -- ip addr', does: "alice's addresses, as alice sees them" },
    { run: "microlan exec alice -- sh -c 'arping -c 1 -I eth0 172.30.0.3'", does: 'a whole shell line' },
    { run: 'microlan exec -i bob -- tar x -C /root < files.tar', does: 'with standard input' },
  ],
  about: [
    "It works when the guest's network does not. Output and exit code are the command's own.",
    'With --json the output comes as text in one document.',
  ],

  async run({ args, output, program, signal }) {
    const [name, ...inline] = args.words
    const command = [...inline, ...(args.rest ?? [])]
    if (command.length === 0) {
      throw new MicrolanError({
        code: 'words-missing',
        what: `What is guest "${name}" to run?`,
        fix: [{ say: 'Say it after two dashes:', run: `microlan exec ${name} -- ip addr` }],
        exit: 2,
      })
    }
    const session = program.session()
    const { guest } = findGuest(session, name!)
    const collect = output.options.json
    const result = await session.machine.exec(guest, command, {
      signal,
      ...(args.has('stdin') ? { stdin: process.stdin } : {}),
      ...(collect
        ? {}
        : {
            onStdout: (chunk: Buffer) => void process.stdout.write(chunk),
            onStderr: (chunk: Buffer) => void process.stderr.write(chunk),
          }),
    })
    if (collect) {
      const { code, stdout, stderr } = result
      output.result('', {
        guest: guest.name,
        command,
        code,
        stdout: stdout.toString(),
        stderr: stderr.toString(),
      })
    }
    // The command's own code, whatever it is: 0 to 255.
    return result.code as ExitCode
  },
}
