// The statistics that ping prints, iputils' and busybox's alike.

export interface PingResult {
  readonly sent: number
  readonly received: number
  /** Null when nothing came back. */
  readonly rttMs: { readonly min: number; readonly avg: number; readonly max: number } | null
}

const BLOCK =
  /--- (\S+) ping statistics ---\n(\d+) packets transmitted, (\d+) (?:packets )?received[^\n]*(?:\n(?:rtt|round-trip) min\/avg\/max(?:\/mdev)? = ([\d.]+)\/([\d.]+)\/([\d.]+))?/g

/** Results by target, from the output of one or many pings, added up. A target without statistics is not in it. */
export function parsePings(output: string): ReadonlyMap<string, PingResult> {
  const results = new Map<string, PingResult>()
  for (const [, target, sent, received, min, avg, max] of output.matchAll(BLOCK)) {
    const rttMs = min === undefined ? null : { min: Number(min), avg: Number(avg), max: Number(max) }
    const result = { sent: Number(sent), received: Number(received), rttMs }
    const before = results.get(target!)
    results.set(target!, before ? sum(before, result) : result)
  }
  return results
}

function sum(a: PingResult, b: PingResult): PingResult {
  const received = a.received + b.received
  const both = a.rttMs && b.rttMs
  return {
    sent: a.sent + b.sent,
    received,
    rttMs: both
      ? {
          min: Math.min(a.rttMs.min, b.rttMs.min),
          avg: (a.rttMs.avg * a.received + b.rttMs.avg * b.received) / received,
          max: Math.max(a.rttMs.max, b.rttMs.max),
        }
      : (a.rttMs ?? b.rttMs),
  }
}
