// The log, in Firecracker's form: a time, `[id:thread]`, the text. On stdout until told otherwise.
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { Fault, osError } from './fault.ts'

export const LEVELS = ['Off', 'Error', 'Warning', 'Info', 'Debug', 'Trace'] as const
export type Level = (typeof LEVELS)[number]

/** Any case, and `Warn` for short; null for what is no level. */
export function parseLevel(text: string): Level | null {
  const wanted = text.toLowerCase() === 'warn' ? 'warning' : text.toLowerCase()
  return LEVELS.find((level) => level.toLowerCase() === wanted) ?? null
}

/** A file or a FIFO: opened for reading too, so that a FIFO without a reader does not block. */
export function openOutput(path: string): number {
  const { O_RDWR, O_CREAT, O_APPEND, O_NONBLOCK } = constants
  try {
    return openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK, 0o644)
  } catch (error) {
    throw new Fault(osError((error as NodeJS.ErrnoException).errno ?? 0))
  }
}

export class Log {
  private readonly id: string
  private fd = 1
  private level: Level = 'Info'
  private showLevel = false

  constructor(id: string) {
    this.id = id
  }

  configure(options: {
    path?: string | undefined
    level?: Level | undefined
    showLevel?: boolean | undefined
  }): void {
    if (options.path !== undefined) {
      const fd = openOutput(options.path)
      if (this.fd !== 1) closeSync(this.fd)
      this.fd = fd
    }
    this.level = options.level ?? this.level
    this.showLevel = options.showLevel ?? this.showLevel
  }

  error = (text: string): void => this.write('Error', text)
  info = (text: string): void => this.write('Info', text)
  debug = (text: string): void => this.write('Debug', text)

  private write(level: Level, text: string): void {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(this.level)) return
    const time = new Date().toISOString().replace('Z', '000000')
    const tag = this.showLevel ? `${this.id}:main:${level.toUpperCase()}` : `${this.id}:main`
    try {
      writeSync(this.fd, `${time} [${tag}] ${text}\n`)
    } catch {
      // A FIFO that is full, or a disk: Firecracker loses the line too, and counts it.
    }
  }
}
