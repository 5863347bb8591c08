// The reachability matrix: who reached whom, measured from inside; and the same as JSON.
import type { Cell, Paint } from './table.ts'
import { table } from './table.ts'

/** One direction between two places on a network; the host is `host`. */
export interface Ping {
  readonly from: string
  readonly to: string
  readonly family: 4 | 6
  /** The address that was asked. */
  readonly address: string
  readonly sent: number
  readonly received: number
  readonly rttMs: { readonly min: number; readonly avg: number; readonly max: number } | null
}

export const isLossless = ({ sent, received }: Ping): boolean => sent > 0 && received === sent

function cellOf(pings: readonly Ping[]): Cell {
  if (pings.length === 0) return { text: '·', style: 'dim' }
  const lost = pings.find((ping) => !isLossless(ping))
  if (lost) return { text: `${Math.round((1 - lost.received / lost.sent) * 100)}% lost`, style: 'bad' }
  const slowest = Math.max(...pings.map((ping) => ping.rttMs?.avg ?? 0))
  return { text: `${slowest < 10 ? slowest.toFixed(1) : Math.round(slowest)} ms`, style: 'good' }
}

/** Rows ask, columns answer. Beyond this many places, only losses and a summary are shown. */
const MATRIX_MAX = 12

export function showMatrix(pings: readonly Ping[], paint: Paint): string {
  const places = [...new Set(pings.flatMap(({ from, to }) => [from, to]))]
  const summary = showSummary(pings, paint)
  if (places.length > MATRIX_MAX) {
    const lost = pings.filter((ping) => !isLossless(ping))
    const rows = lost.map(({ from, to, sent, received }) => [
      from,
      '→',
      to,
      `${received} of ${sent} answered`,
    ])
    return [...(rows.length > 0 ? [table(rows, paint)] : []), summary].join('\n')
  }
  const between = (from: string, to: string) => pings.filter((ping) => ping.from === from && ping.to === to)
  const header: Cell[] = [
    { text: 'from \\ to', style: 'dim' },
    ...places.map((place): Cell => ({ text: place, style: 'bold' })),
  ]
  const rows = places.map((from): Cell[] => [
    { text: from, style: 'bold' },
    ...places.map((to): Cell => (from === to ? { text: '—', style: 'dim' } : cellOf(between(from, to)))),
  ])
  return `${table([header, ...rows], paint)}\n\n${summary}`
}

function showSummary(pings: readonly Ping[], paint: Paint): string {
  const lost = pings.filter((ping) => !isLossless(ping))
  return lost.length === 0
    ? paint(`all ${pings.length} directions answer, 0 % loss`, 'good')
    : paint(`${lost.length} of ${pings.length} directions lose packets`, 'bad')
}
