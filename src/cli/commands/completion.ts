// microlan completion: scripts for shells, made from the same table as the help.
import { MicrolanError } from '../../errors.ts'
import type { Command } from '../command.ts'
import { globalFlags } from '../command.ts'

export const completionCommand: Command = {
  name: 'completion',
  summary: 'a completion script for bash, zsh or fish',
  usage: 'bash | zsh | fish',
  words: [1, 1],
  flags: [],
  examples: [
    { run: 'source <(microlan completion bash)', does: 'in ~/.bashrc' },
    { run: 'microlan completion fish > ~/.config/fish/completions/microlan.fish', does: 'once' },
  ],
  about: ['Completes verbs, their flags, and names of guests that there are.'],

  async run({ args, output, commands }) {
    const shell = args.words[0]!
    const script = scripts[shell]
    if (!script) {
      throw new MicrolanError({
        code: 'shell-unknown',
        what: `There is no completion for "${shell}".`,
        fix: [{ say: 'There is one for:', run: 'microlan completion bash | zsh | fish' }],
        exit: 2,
      })
    }
    const text = script(commands)
    output.result(text, { shell, text })
    return 0
  },
}

const flagsOf = (command: Command): readonly string[] =>
  [...command.flags, ...globalFlags].map(({ name }) => `--${name}`)

type Script = (commands: readonly Command[]) => string

const verbs: Script = (commands) => commands.map(({ name }) => name).join(' ')
const takesGuest = ({ usage }: Command): boolean => /GUEST|FROM/.test(usage)

/** Guests' names, asked from microlan itself; nothing when that fails. */
const GUESTS = `microlan ls --json 2>/dev/null | grep -o '"guests":\\[[^]]*' | grep -o '{"name":"[^"]*' | cut -d'"' -f4`

const bash: Script = (commands) => `# microlan completion for bash
_microlan() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W '${verbs(commands)}' -- "$word")); return; fi
  case $verb in
${commands.map((command) => `    ${command.name}) COMPREPLY=($(compgen -W "${flagsOf(command).join(' ')}${takesGuest(command) ? ` $(${GUESTS})` : ''}" -- "$word"));;`).join('\n')}
  esac
}
complete -o default -F _microlan microlan`

const zsh: Script = (commands) => `#compdef microlan
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`

const fish: Script = (commands) =>
  [
    '# microlan completion for fish',
    'complete -c microlan -f',
    ...commands.map(
      ({ name, summary }) =>
        `complete -c microlan -n __fish_use_subcommand -a ${name} -d '${summary.replaceAll("'", "\\'")}'`,
    ),
    ...commands.flatMap((command) =>
      [...command.flags, ...globalFlags].map(
        ({ name, summary }) =>
          `complete -c microlan -n '__fish_seen_subcommand_from ${command.name}' -l ${name} -d '${summary.replaceAll("'", "\\'")}'`,
      ),
    ),
    ...commands
      .filter(takesGuest)
      .map(
        ({ name }) =>
          `complete -c microlan -n '__fish_seen_subcommand_from ${name}' -a '(${GUESTS.replaceAll("'", "\\'")})'`,
      ),
  ].join('\n')

const scripts: Readonly<Record<string, Script>> = { bash, zsh, fish }
