// Pings as commands: one for the host's iputils, one script for a guest's busybox.

export interface PingWish {
  /** Where to, IPv4. */
  readonly targets: readonly string[]
  readonly count: number
  readonly intervalMs: number
  /** How long to wait for the last answer. */
  readonly timeoutMs: number
}

const seconds = (ms: number): string => String(ms / 1000)

/** Arguments of iputils' ping for one target: quiet, numeric. */
export const renderHostPing = (
  target: string,
  { count, intervalMs, timeoutMs }: PingWish,
): readonly string[] => [
  ...['-q', '-n', '-c', String(count), '-i', seconds(intervalMs)],
  ...['-W', seconds(timeoutMs), target],
]

/**
 * How many pings a guest runs at once. With sixteen, busybox misses some replies that the guest's kernel has
 * counted (most likely dropped at the raw socket of each, which hears all ICMP of the guest); with four, none
 * was ever missed. docs/decisions/0004-ping-four-at-once.md has what was seen.
 */
const AT_ONCE = 4

/**
 * A shell script for a guest: rounds of one packet to each target. One packet each, so that no ping has to
 * send from its signal handler while it reads. With -q each writes its few lines in one write at its end, so
 * blocks do not mix.
 */
export const renderGuestPings = ({ targets, count, timeoutMs }: PingWish): string => {
  // busybox takes whole seconds for -W.
  const patience = Math.max(1, Math.ceil(timeoutMs / 1000))
  const all = targets.join(' ')
  const one = `ping -q -c 1 -W ${patience} "$t" 2>&1 & i=$((i + 1)); [ $((i % ${AT_ONCE})) = 0 ] && wait`
  return Array.from({ length: count }, () => `i=0; for t in ${all}; do ${one}; done; wait`).join('\n')
}
