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
 * A shell script for a guest: all targets at once, as guests are slow to fork and one fork a target is the
 * least. With -q, busybox writes its few lines in one write at its end, so blocks do not mix.
 */
export const renderGuestPings = ({ targets, count, intervalMs, timeoutMs }: PingWish): string => {
  // busybox takes whole seconds for -W.
  const patience = Math.max(1, Math.ceil(timeoutMs / 1000))
  const one = `ping -q -c ${count} -i ${seconds(intervalMs)} -W ${patience} "$t" 2>&1 &`
  return `for t in ${targets.join(' ')}; do ${one} done; wait`
}
