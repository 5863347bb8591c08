// Writes the pages that are made from the program's own tables. A test holds them against each other.
import { writeFileSync } from 'node:fs'
import { commands } from '../src/cli/commands.ts'
import { cliPage, errorsPage } from '../src/cli/pages.ts'

writeFileSync('docs/cli.md', cliPage(commands))
writeFileSync('docs/errors.md', errorsPage())
