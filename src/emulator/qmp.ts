// QEMU's monitor (docs/interop/qmp-spec): one JSON object a line, answers in order, events in between.
import type { Duplex } from 'node:stream'

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export type QmpEvent = { readonly event: string; readonly data?: { readonly reason?: string } }

export class Qmp {
  private readonly stream: Duplex
  private readonly waiting: Waiting[] = []
  private unread = ''

  constructor(stream: Duplex, onEvent: (event: QmpEvent) => void) {
    this.stream = stream
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const lines = (this.unread + text).split('\n')
      this.unread = lines.pop()!
      for (const line of lines) if (line.trim() !== '') this.read(JSON.parse(line), onEvent)
    })
    // QEMU's end is noticed by its exit; here only those that wait for an answer are told.
    stream.on('error', () => {})
    stream.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error('QEMU ended'))
    })
    void this.command('qmp_capabilities').catch(() => {})
  }

  command(execute: string, args: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.stream.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    })
  }

  private read(message: object, onEvent: (event: QmpEvent) => void): void {
    if ('event' in message) onEvent(message as QmpEvent)
    else if ('return' in message) this.waiting.shift()?.resolve(message.return)
    else if ('error' in message)
      this.waiting.shift()?.reject(new Error((message.error as { desc: string }).desc))
    // The greeting is neither, and says nothing that matters here.
  }
}
