// Every code that can be thrown has its page, every page its code, and docs/ says what the program says.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codes } from '../../src/cli/codes.ts'
import { commands } from '../../src/cli/commands.ts'
import { cliPage, errorsPage } from '../../src/cli/pages.ts'

const ROOT = join(import.meta.dirname, '../..')
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('emulator/'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, 'src', path), 'utf8') }))

test('every code in the source has a page, and every page a code', () => {
  const all = sources
    .filter(({ path }) => path !== 'cli/codes.ts')
    .map(({ text }) => text)
    .join('\n')
  // A code stands after "code:" or where one is chosen, always as a quoted kebab-case word.
  const used = new Set(Object.keys(codes).filter((code) => all.includes(`'${code}'`)))
  assert.deepEqual(
    Object.keys(codes).filter((code) => !used.has(code)),
    [],
    'pages of codes that nobody throws',
  )
  const thrown = [...all.matchAll(/code: '([a-z0-9-]+)'/g)].map(([, code]) => code!)
  assert.deepEqual(
    thrown.filter((code) => !codes[code]),
    [],
    'codes without a page',
  )
})

test('docs/cli.md and docs/errors.md are what make docs writes', () => {
  assert.equal(readFileSync(join(ROOT, 'docs/cli.md'), 'utf8'), cliPage(commands))
  assert.equal(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8'), errorsPage())
})

test('every source file says first what lives in it', () => {
  const silent = sources.filter(({ text }) => !text.startsWith('// '))
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  )
})

test('every verb leads its help with an example', () => {
  for (const { name, examples } of commands) assert.ok(examples.length > 0, name)
})
