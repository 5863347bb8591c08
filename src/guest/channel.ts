// A way into the guest that needs no network: commands run by its agent, many at a time, on one shared line.
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { MicrolanError } from '../errors.ts'
import type { Reply } from './protocol.ts'
import { askKill, askPresence, askRun, askTake, parseReply, quote } from './protocol.ts'

export interface ExecResult {
  /** 0 to 255; 128 and the signal's number when one ended it. */
  readonly code: number
  /** Empty when the output went to `onStdout`. */
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export interface ExecOptions {
  /** Given to the command whole; it starts when all has been taken. Default: nothing. */
  readonly stdin?: AsyncIterable<Buffer | string>
  readonly onStdout?: (chunk: Buffer) => void
  readonly onStderr?: (chunk: Buffer) => void
  /** Kills the command. */
  readonly signal?: AbortSignal
}

interface Job {
  readonly hear: (reply: Reply) => void
  readonly fail: (error: Error) => void
}

const SIGKILL = 9
/**
 * Asked again until the agent is up: what is said before, a terminal may lose. Seldom, as the agent says by
 * itself that it is there, and would have to answer all that has piled up meanwhile.
 */
const PRESENCE_MS = 500
/** The name in the agent's first word of its own. */
const BOOT = 'boot'
/** A command that left a daemon behind keeps its output open: this long after its exit, we stop listening. */
const LINGER_MS = 500
/** The agent reads its line byte by byte; a piece this long takes it 20 ms. */
const PIECE_BYTES = 2048
/** A serial port's driver holds 4 KiB (N_TTY), and has no way to ask for patience. */
export const TTY_PIECE_BYTES = 512

export class Channel implements Disposable {
  private readonly stream: Duplex
  private readonly pieceBytes: number
  private readonly jobs = new Map<string, Job>()
  /** Makes our jobs' names unlike those of others on the line. */
  private readonly prefix = randomBytes(4).toString('hex')
  private count = 0
  private unread = ''
  private closed = false

  constructor(stream: Duplex, pieceBytes: number) {
    this.stream = stream
    this.pieceBytes = pieceBytes
    stream.setEncoding('latin1')
    stream.on('data', (text: string) => this.read(text))
    stream.once('close', () => this.close())
    // 'close' follows, and tells the jobs.
    stream.on('error', () => {})
  }

  [Symbol.dispose](): void {
    this.stream.destroy()
  }

  /** @throws channel-closed; Error when the agent is not there in time */
  async ready({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    const id = this.nextId()
    const answered = new AbortController()
    const stop = signal ? AbortSignal.any([signal, answered.signal]) : answered.signal
    const present = new Promise<void>((resolve, reject) => {
      for (const word of [id, BOOT]) this.listen(word, { hear: () => resolve(), fail: reject })
    })
    const asking = this.ask(id, timeoutMs, stop)
    try {
      await Promise.race([present, asking])
    } finally {
      answered.abort()
      for (const word of [id, BOOT]) this.jobs.delete(word)
    }
  }

  /**
   * Runs a command: words as they are, or a string for the guest's shell.
   *
   * @throws channel-closed when the guest goes; `signal.reason` when aborted
   */
  async exec(command: readonly string[] | string, options: ExecOptions = {}): Promise<ExecResult> {
    const { stdin, onStdout, onStderr, signal } = options
    signal?.throwIfAborted()
    const id = this.nextId()
    if (stdin) await this.give(id, stdin)
    const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const abort = () => this.stream.write(askKill(id, SIGKILL))
    signal?.addEventListener('abort', abort)
    try {
      const done = this.follow(id, {
        stdout: onStdout ?? ((chunk) => collected.stdout.push(chunk)),
        stderr: onStderr ?? ((chunk) => collected.stderr.push(chunk)),
      })
      this.stream.write(askRun(id, typeof command === 'string' ? command : command.map(quote).join(' ')))
      const code = await done
      signal?.throwIfAborted()
      return { code, stdout: Buffer.concat(collected.stdout), stderr: Buffer.concat(collected.stderr) }
    } finally {
      signal?.removeEventListener('abort', abort)
      this.jobs.delete(id)
    }
  }

  /** The exit code, when the command has ended and all of its output is here. */
  private follow(
    id: string,
    sinks: { stdout: (chunk: Buffer) => void; stderr: (chunk: Buffer) => void },
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      let code: number | null = null
      const open = new Set(['stdout-end', 'stderr-end'])
      const hear = (reply: Reply) => {
        if (reply.kind === 'stdout' || reply.kind === 'stderr') sinks[reply.kind](reply.data)
        else if (reply.kind === 'exit') {
          code = reply.code
          setTimeout(() => resolve(reply.code), LINGER_MS).unref()
        } else open.delete(reply.kind)
        if (code !== null && open.size === 0) resolve(code)
      }
      this.listen(id, { hear, fail: reject })
    })
  }

  /** Standard input, a piece at a time: the next when the last has been taken, so that nothing piles up. */
  private async give(id: string, stdin: AsyncIterable<Buffer | string>): Promise<void> {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk as Buffer)
      for (let at = 0; at < bytes.length; at += this.pieceBytes) {
        const taken = new Promise<void>((resolve, reject) =>
          this.listen(id, { hear: () => resolve(), fail: reject }),
        )
        this.stream.write(askTake(id, bytes.subarray(at, at + this.pieceBytes)))
        await taken
      }
    }
  }

  private async ask(id: string, timeoutMs: number, stop: AbortSignal): Promise<never> {
    const deadline = performance.now() + timeoutMs
    while (performance.now() < deadline) {
      this.stream.write(askPresence(id))
      await delay(PRESENCE_MS, undefined, { signal: stop })
    }
    throw new Error(`the agent in the guest did not answer within ${timeoutMs / 1000} s`)
  }

  private listen(id: string, job: Job): void {
    if (this.closed) job.fail(closedError())
    else this.jobs.set(id, job)
  }

  private nextId(): string {
    return `${this.prefix}.${++this.count}`
  }

  private read(text: string): void {
    const lines = (this.unread + text).split('\n')
    this.unread = lines.pop()!
    for (const line of lines) {
      const reply = parseReply(line)
      if (reply) this.jobs.get(reply.id)?.hear(reply)
    }
  }

  private close(): void {
    this.closed = true
    for (const job of this.jobs.values()) job.fail(closedError())
    this.jobs.clear()
  }
}

export const openChannel = (stream: Duplex, pieceBytes = PIECE_BYTES): Channel =>
  new Channel(stream, pieceBytes)

const closedError = (): MicrolanError =>
  new MicrolanError({
    code: 'channel-closed',
    what: 'The line into the guest closed: the guest stopped.',
    fix: [{ say: 'See what it said last:', run: 'microlan logs GUEST' }],
  })
