// All verbs, in the order that help shows them.
import type { Command } from './command.ts'
import { completionCommand } from './commands/completion.ts'
import { consoleCommand, logsCommand } from './commands/console.ts'
import { downCommand } from './commands/down.ts'
import { execCommand } from './commands/exec.ts'
import { helpCommand } from './commands/help.ts'
import { lsCommand, showCommand } from './commands/ls.ts'
import { pingCommand } from './commands/ping.ts'
import { startCommand, stopCommand } from './commands/power.ts'
import { upCommand } from './commands/up.ts'

export const commands: readonly Command[] = [
  upCommand,
  downCommand,
  lsCommand,
  showCommand,
  execCommand,
  consoleCommand,
  logsCommand,
  startCommand,
  stopCommand,
  pingCommand,
  helpCommand,
  completionCommand,
]
