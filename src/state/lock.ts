// One microlan changes things at a time. The lock is SQLite's own on a file of its own: the kernel releases it
// when its holder dies, however it dies, so there is never a stale one.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/** How often to ask again; the holder may need seconds. */
const ASK_MS = 50

export interface LockOptions {
  readonly directory: string
  readonly signal: AbortSignal
  /** Called once, when somebody else has it; `holder` as `ps` would show it. */
  readonly onWait: (holder: string) => void
}

/** Waits for the state directory's lock; dispose releases it. Not reentrant. */
export async function lock({ directory, signal, onWait }: LockOptions): Promise<Disposable> {
  const database = new DatabaseSync(join(directory, 'lock.db'), { timeout: 0 })
  const note = join(directory, 'lock.pid')
  for (let asked = 0; ; asked++) {
    signal.throwIfAborted()
    try {
      database.exec('BEGIN EXCLUSIVE')
      break
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
      if (asked === 0) onWait(readHolder(note))
      await delay(ASK_MS, undefined, { signal })
    }
  }
  writeFileSync(note, String(process.pid))
  return { [Symbol.dispose]: () => database.close() }
}

const SQLITE_BUSY = 5

function readHolder(note: string): string {
  try {
    const pid = readFileSync(note, 'utf8')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return `pid ${pid}: ${command}`
  } catch {
    // It has just gone, or the note is not written yet: the wait will be short.
    return 'another process'
  }
}
