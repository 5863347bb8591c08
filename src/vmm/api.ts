// Firecracker's API on its Unix socket: one connection kept alive, one request at a time.
import http from 'node:http'
import type { ApiRequest } from './render.ts'

export interface ApiAnswer {
  readonly status: number
  readonly body: string
}

/**
 * A client for one VMM. Firecracker serves at most ten connections and reads bodies by Content-Length alone
 * (micro-http), so there is one connection, and every request with a body states its length.
 */
export class Api implements Disposable {
  private readonly socketPath: string
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  /** @throws NodeJS.ErrnoException when nobody listens (ENOENT, ECONNREFUSED) or the VMM dies meanwhile */
  send({ method, path, body }: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer> {
    const text = body === null ? null : JSON.stringify(body)
    const headers =
      text === null ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.socketPath, agent: this.agent, method, path, headers, signal }
      const request = http.request(options, (response) => {
        let answer = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          answer += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: answer }))
        response.on('error', reject)
      })
      request.on('error', reject)
      request.end(text ?? undefined)
    })
  }

  [Symbol.dispose](): void {
    this.agent.destroy()
  }
}
