// The two streams: stdout is the result, stderr the story. In place on a terminal, plain lines elsewhere.
import { styleText } from 'node:util'
import { MicrolanError } from '../errors.ts'
import type { News } from '../verbs/news.ts'
import { showError } from '../view/error.ts'
import type { Paint } from '../view/table.ts'

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
  readonly color: boolean
}

const plain: Paint = (text) => text
const COLOURS = { good: 'green', bad: 'red', dim: 'dim', bold: 'bold' } as const
const coloured: Paint = (text, style) => styleText(COLOURS[style], text, { validateStream: false })

/** Environment's word on colour: https://no-color.org, and terminals that have none. */
const mayColour = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'

export class Output {
  readonly paint: Paint
  readonly options: OutputOptions
  private readonly paintStory: Paint
  private readonly inPlace: boolean
  private readonly running = new Set<string>()

  constructor(options: OutputOptions) {
    this.options = options
    this.paint = options.color && mayColour(process.stdout) ? coloured : plain
    this.paintStory = options.color && mayColour(process.stderr) ? coloured : plain
    this.inPlace = process.stderr.isTTY === true && process.env.TERM !== 'dumb'
  }

  /** The result: text for people, or the JSON object with its schema. */
  result(text: string, json: object): void {
    const document = this.options.json ? JSON.stringify({ schema: 'microlan/1', ...json }) : text
    if (document !== '') process.stdout.write(`${document}\n`)
  }

  /** A line of the story. */
  readonly tell = (news: News): void => {
    if (this.options.quiet || (news.kind === 'debug' && !this.options.debug)) return
    this.clear()
    if (news.kind === 'begin') this.running.add(news.what)
    else if ('what' in news) this.running.delete(news.what)
    const line = this.lineOf(news)
    if (line !== null) process.stderr.write(`${line}\n`)
    this.draw()
  }

  /** The last thing said: an error, in both forms. Returns the exit code. */
  fail(error: unknown): MicrolanError['exit'] {
    this.clear()
    this.running.clear()
    const known = error instanceof MicrolanError ? error : unexpected(error)
    if (this.options.json) this.result('', { error: known.toJSON() })
    else process.stderr.write(`${showError(known, this.paintStory)}\n`)
    if (this.options.debug && known.cause !== undefined)
      process.stderr.write(
        `\ncause: ${known.cause instanceof Error ? known.cause.stack : String(known.cause)}\n`,
      )
    return known.exit
  }

  private lineOf(news: News): string | null {
    switch (news.kind) {
      case 'begin':
        return null
      case 'done':
        return `${this.paintStory('✓', 'good')} ${news.what} ${this.paintStory(duration(news.elapsedMs), 'dim')}`
      case 'failed':
        return `${this.paintStory('✗', 'bad')} ${news.what}`
      case 'note':
        return `  ${news.text}`
      case 'debug':
        return this.paintStory(`  ${news.text}`, 'dim')
    }
  }

  /** What is under way, on one line that the next line replaces. */
  private draw(): void {
    if (!this.inPlace || this.running.size === 0) return
    const text = `… ${[...this.running].join(', ')}`
    process.stderr.write(text.slice(0, (process.stderr.columns ?? 80) - 1))
  }

  private clear(): void {
    if (this.inPlace && this.running.size > 0) process.stderr.write('\r\x1b[K')
  }
}

const duration = (ms: number): string =>
  ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`

/** A fault of ours: said as one, with where it happened. */
const unexpected = (error: unknown): MicrolanError =>
  new MicrolanError({
    code: 'internal',
    what: 'microlan made a mistake of its own.',
    evidence: [
      {
        source: 'microlan',
        from: 'stack',
        said: error instanceof Error ? (error.stack ?? error.message) : String(error),
      },
    ],
    fix: [{ say: 'Report it with this text, please. Then see what is there:', run: 'microlan ls' }],
    state: 'Unknown: the next "microlan up" or "microlan down" puts things right.',
    cause: error,
  })
