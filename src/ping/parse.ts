// The statistics that ping prints, iputils' and busybox's alike.

export interface PingResult {
  readonly sent: number
  readonly received: number
  /** Null when nothing came back. */
  readonly rttMs: { readonly min: number; readonly avg: number; readonly max: number } | null
}

const BLOCK =
  /--- (\S+) ping statistics ---\n(\d+) packets transmitted, (\d+) (?:packets )?received[^\n]*(?:\n(?:rtt|round-trip) min\/avg\/max(?:\/mdev)? = ([\d.]+)\/([\d.]+)\/([\d.]+))?/g

/** Results by target, from the output of one or many pings. A target without statistics is not in it. */
export function parsePings(output: string): ReadonlyMap<string, PingResult> {
  const results = new Map<string, PingResult>()
  for (const [, target, sent, received, min, avg, max] of output.matchAll(BLOCK)) {
    const rttMs = min === undefined ? null : { min: Number(min), avg: Number(avg), max: Number(max) }
    results.set(target!, { sent: Number(sent), received: Number(received), rttMs })
  }
  return results
}
