// HTTP as Firecracker's own server (micro-http) speaks it, quirks included: clients are written against those.
// Bodies by Content-Length only; no reason phrase; 204 without a length; at most ten connections; one at a time.
import net from 'node:net'

export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly body: string | null
}

export interface HttpResponse {
  readonly status: 200 | 204 | 400 | 413 | 503
  /** JSON text; null with 204. */
  readonly body: string | null
}

export type Parsed =
  | { readonly kind: 'more' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'request'; readonly request: HttpRequest; readonly length: number }
  | { readonly kind: 'refused'; readonly response: HttpResponse }

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE']
const LINE_MAX = 1024
const CONNECTIONS_MAX = 10

const refused = (why: string): Parsed => ({
  kind: 'refused',
  // The newline is micro-http's own, and makes the body no JSON; clients have to live with it.
  response: { status: 400, body: `{ "error": "${why}\nAll previous unanswered requests will be dropped." }` },
})

/** The first request of what has come so far. */
export function parseRequest(bytes: Buffer, payloadMax: number): Parsed {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1)
    return bytes.length > LINE_MAX * 16 ? refused('Request line or header too long.') : { kind: 'more' }
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  if ([first!, ...lines].some((line) => line.length > LINE_MAX))
    return refused('Request line or header too long.')
  const [method, path, version] = first!.split(' ')
  if (!METHODS.includes(method ?? '')) return refused('Invalid HTTP Method.')
  if (!path?.startsWith('/')) return refused('Invalid URI.')
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0') return refused('Invalid HTTP Version.')
  const headers = new Map(
    lines.map((line) => [line.replace(/:.*/s, '').trim().toLowerCase(), line.replace(/^[^:]*:/, '').trim()]),
  )
  const length = Number(headers.get('content-length') ?? 0)
  if (!Number.isInteger(length) || length < 0) return refused('Invalid value. Key:Content-Length;')
  if (length > payloadMax) {
    const why = `Request payload with size ${length} is larger than the limit of ${payloadMax} allowed by server.`
    return refused(why)
  }
  const start = end + 4
  if (bytes.length < start + length)
    return headers.get('expect') === '100-continue' && bytes.length === start
      ? { kind: 'continue' }
      : { kind: 'more' }
  const body = length === 0 ? null : bytes.toString('utf8', start, start + length)
  return { kind: 'request', length: start + length, request: { method: method!, path, body } }
}

export function renderResponse({ status, body }: HttpResponse): string {
  const head = `HTTP/1.1 ${status} \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n`
  if (body === null) return `${head}\r\n`
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

export interface ServeOptions {
  readonly path: string
  readonly payloadMax: number
  readonly handle: (request: HttpRequest) => Promise<HttpResponse>
}

/** Serves until the process ends. The socket's file is never removed, neither before nor after: as the original. */
export async function serve({ path, payloadMax, handle }: ServeOptions): Promise<void> {
  let connections = 0
  /** Requests of all connections are served one after the other, each to its end. */
  let turn: Promise<void> = Promise.resolve()
  // A client that has sent all it wants still waits for its answer.
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    if (connections >= CONNECTIONS_MAX) {
      socket.end(renderResponse({ status: 503, body: '{ "error": "Too many open connections" }' }))
      return
    }
    connections++
    socket.on('close', () => connections--)
    socket.on('end', () => void turn.then(() => socket.end()))
    let pending: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        const parsed = parseRequest(pending, payloadMax)
        if (parsed.kind === 'more') return
        if (parsed.kind === 'continue') return void socket.write('HTTP/1.1 100 \r\n\r\n')
        if (parsed.kind === 'refused') {
          pending = Buffer.alloc(0)
          return void socket.write(renderResponse(parsed.response))
        }
        pending = pending.subarray(parsed.length)
        turn = turn.then(async () => void socket.write(renderResponse(await handle(parsed.request))))
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}
