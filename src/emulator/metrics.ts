// Metrics: one JSON object a line, at the start, each minute, when asked, and at the end. Counts are since the
// last line. What happens inside QEMU cannot be seen from here and stays zero; frames are the TAP's own counts.
import { readFileSync, writeSync } from 'node:fs'
import { openOutput } from './log.ts'

const PERIOD_MS = 60_000

export class Metrics {
  /** Requests by outcome, counted by the API. */
  readonly requests = new Map<string, number>()
  private readonly taps: () => ReadonlyMap<string, string>
  private fd: number | null = null
  private last = new Map<string, TapCounts>()

  /** `taps` gives the interface of each network card, by its id. */
  constructor(taps: () => ReadonlyMap<string, string>) {
    this.taps = taps
  }

  get isOn(): boolean {
    return this.fd !== null
  }

  start(path: string): void {
    this.fd = openOutput(path)
    this.flush()
    setInterval(() => this.flush(), PERIOD_MS).unref()
  }

  count(name: string): void {
    this.requests.set(name, (this.requests.get(name) ?? 0) + 1)
  }

  flush(): void {
    if (this.fd === null) return
    const cards = [...this.taps()].map(([id, tap]): [string, object] => [
      `net_${id}`,
      this.delta(id, readCounts(tap)),
    ])
    const line = {
      utc_timestamp_ms: Date.now(),
      put_api_requests: Object.fromEntries(this.requests),
      net: sum(cards.map(([, counts]) => counts as Record<string, number>)),
      ...Object.fromEntries(cards),
      vmm: { panic_count: 0 },
    }
    this.requests.clear()
    try {
      writeSync(this.fd, `${JSON.stringify(line)}\n`)
    } catch {
      // A FIFO that nobody empties: the line is lost, as with the original.
    }
  }

  private delta(id: string, now: TapCounts): object {
    const before = this.last.get(id) ?? { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 }
    this.last.set(id, now)
    // What the guest receives, its TAP has sent.
    return {
      rx_bytes_count: now.txBytes - before.txBytes,
      rx_packets_count: now.txPackets - before.txPackets,
      tx_bytes_count: now.rxBytes - before.rxBytes,
      tx_packets_count: now.rxPackets - before.rxPackets,
      rx_fails: 0,
      tx_fails: 0,
      tap_read_fails: 0,
      tap_write_fails: 0,
      tx_spoofed_mac_count: 0,
      rx_rate_limiter_throttled: 0,
      tx_rate_limiter_throttled: 0,
      no_rx_avail_buffer: 0,
    }
  }
}

interface TapCounts {
  readonly rxBytes: number
  readonly rxPackets: number
  readonly txBytes: number
  readonly txPackets: number
}

/** From /proc/net/dev, which is of this process's network namespace wherever /sys was mounted. */
function readCounts(tap: string): TapCounts {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((row) => row.trim().startsWith(`${tap}:`))
  const fields = (line ?? '').replace(/^.*:/, '').trim().split(/\s+/).map(Number)
  return {
    rxBytes: fields[0] ?? 0,
    rxPackets: fields[1] ?? 0,
    txBytes: fields[8] ?? 0,
    txPackets: fields[9] ?? 0,
  }
}

function sum(all: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const one of all)
    for (const [key, value] of Object.entries(one)) total[key] = (total[key] ?? 0) + value
  return total
}
