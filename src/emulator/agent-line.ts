// The line to the agent in the guest, shared: whole lines of each client go in, every line from the guest goes
// to all of them. Firecracker has no such line; microlan asks for it with --agent-sock.
import net from 'node:net'
import type { Duplex } from 'node:stream'

/** A client that does not read for so long is let go: the guest must never wait for it. */
const BACKLOG_BYTES = 8 << 20

export function shareAgentLine(path: string, guest: Duplex): Promise<void> {
  const clients = new Set<net.Socket>()
  // A guest that ends is noticed by its process.
  guest.on('error', () => {})
  // Read at all times, with or without clients: a full line blocks the guest's writer.
  guest.on(
    'data',
    byLine((lines) => {
      for (const client of clients) {
        if (client.writableLength > BACKLOG_BYTES) client.destroy()
        else client.write(lines)
      }
    }),
  )
  guest.on('close', () => {
    for (const client of clients) client.destroy()
  })
  const server = net.createServer((client) => {
    clients.add(client)
    client.on('error', () => client.destroy())
    client.on('close', () => clients.delete(client))
    client.on(
      'data',
      byLine((lines) => {
        // What the guest has not taken yet waits in the client, not here.
        if (guest.write(lines)) return
        client.pause()
        guest.once('drain', () => client.resume())
      }),
    )
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

/** Passes on whole lines only, so that those of several clients never mix. */
function byLine(pass: (lines: Buffer) => void): (chunk: Buffer) => void {
  let unfinished: Buffer[] = []
  return (chunk) => {
    const end = chunk.lastIndexOf(10) + 1
    if (end > 0) {
      pass(Buffer.concat([...unfinished, chunk.subarray(0, end)]))
      unfinished = []
    }
    if (end < chunk.length) unfinished.push(chunk.subarray(end))
  }
}
