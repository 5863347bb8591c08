// An error as a person reads it: what, evidence, what to do, state, and last its code with the page behind it.
import type { Evidence, Fix, MicrolanError } from '../errors.ts'
import type { Paint } from './table.ts'

const block = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', `  ${title}`, ...lines.map((line) => `    ${line}`)]

function evidenceLines(evidence: readonly Evidence[]): readonly string[] {
  const width = Math.min(32, Math.max(0, ...evidence.map(({ from }) => from.length)))
  return evidence.flatMap(({ from, said }) => {
    const [first, ...rest] = said.split('\n')
    if (rest.length > 0 || from.length > width) return [from, ...[first!, ...rest].map((line) => `  ${line}`)]
    return [`${from.padEnd(width)}  ${first}`]
  })
}

const fixLines = (fix: readonly Fix[]): readonly string[] => {
  const width = Math.max(0, ...fix.filter(({ run }) => run !== undefined).map(({ say }) => say.length))
  return fix.map(({ say, run }) => (run === undefined ? say : `${say.padEnd(width)}  ${run}`))
}

export function showError(error: MicrolanError, paint: Paint): string {
  return [
    `${paint('error:', 'bad')} ${error.what}`,
    ...block('evidence', evidenceLines(error.evidence)),
    ...block('what to do', fixLines(error.fix)),
    ...block('state', [error.state]),
    '',
    paint(`  ${error.code} · microlan help ${error.code}`, 'dim'),
  ].join('\n')
}
