// A file that grows, followed: a guest's console log.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface FollowOptions {
  readonly from: 'start' | 'end'
  /** Ends the following; that is no error. */
  readonly stop: AbortSignal
  /** Whether the writer lives; when it does not, what is left is read and the following ends. */
  readonly runs: () => boolean
  readonly write: (chunk: Buffer) => unknown
}

/** Short enough to feel at once while typing. inotify would save nothing: there is one reader, for minutes. */
const LOOK_MS = 20

export async function follow(path: string, { from, stop, runs, write }: FollowOptions): Promise<void> {
  const fd = openSync(path, 'r')
  const buffer = Buffer.alloc(65536)
  let position = from === 'end' ? fstatSync(fd).size : 0
  try {
    while (!stop.aborted) {
      const alive = runs()
      const length = readSync(fd, buffer, 0, buffer.length, position)
      position += length
      if (length > 0) write(Buffer.from(buffer.subarray(0, length)))
      else if (alive) await delay(LOOK_MS, undefined, { signal: stop }).catch(() => {})
      else return
    }
  } finally {
    closeSync(fd)
  }
}
