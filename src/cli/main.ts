// The command line: finds the verb, reads its flags, runs it, and turns what comes back into an exit code.

import type { ExitCode } from '../errors.ts'
import { MicrolanError } from '../errors.ts'
import { nearest } from '../model/nearest.ts'
import { findVerb, parseArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { enterNetns, isInside } from './netns.ts'
import { Output } from './output.ts'
import { Program } from './program.ts'

const argv = process.argv.slice(2)
const interrupted = new AbortController()

async function main(): Promise<ExitCode> {
  const output = new Output({
    json: argv.includes('--json'),
    quiet: argv.includes('--quiet') || argv.includes('-q'),
    debug: argv.includes('--debug'),
    color: !argv.includes('--no-color'),
  })
  catchSignals(output)
  try {
    const at = findVerb(argv)
    const command = commandFor(at === -1 ? 'help' : argv[at]!)
    const args = parseArguments(argv.toSpliced(at === -1 ? argv.length : at, at === -1 ? 0 : 1), command)
    if (args.has('help') && at !== -1) {
      return await runCommand(commandFor('help'), ['help', command.name], output)
    }
    const netns = args.value('netns')
    if (netns !== null && !isInside(netns)) {
      {
        using program = new Program(args, output, interrupted.signal)
        await command.outside?.({ args, output, program, signal: interrupted.signal, commands })
      }
      enterNetns(netns)
    }
    using program = new Program(args, output, interrupted.signal)
    return await command.run({ args, output, program, signal: interrupted.signal, commands })
  } catch (error) {
    return output.fail(error === interrupted.signal.reason ? interruptedError() : error)
  }
}

async function runCommand(command: Command, words: readonly string[], output: Output): Promise<ExitCode> {
  const args = parseArguments(words.slice(1), command)
  using program = new Program(args, output, interrupted.signal)
  return await command.run({ args, output, program, signal: interrupted.signal, commands })
}

function commandFor(verb: string): Command {
  const found = commands.find(({ name }) => name === verb)
  if (found) return found
  const near = nearest(
    verb,
    commands.map(({ name }) => name),
  )
  throw new MicrolanError({
    code: 'verb-unknown',
    what: `microlan has no verb "${verb}".`,
    fix: [...(near ? [{ say: `Did you mean "${near}"?` }] : []), { say: 'All verbs:', run: 'microlan help' }],
    exit: 2,
  })
}

/** The first signal asks for an orderly end, with undo; a second one does not wait for it. */
function catchSignals(output: Output): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupted.signal.aborted) process.exit(130)
      output.tell({ kind: 'note', text: 'interrupted: taking back what this run did (again: leave at once)' })
      interrupted.abort(interruptedError())
    })
  }
}

const interruptedError = (): MicrolanError =>
  new MicrolanError({ code: 'interrupted', what: 'Interrupted.', exit: 130 })

process.exitCode = await main()
