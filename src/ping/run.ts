// Pings from the host, all targets at once.
import { execFile } from 'node:child_process'
import { MicrolanError } from '../errors.ts'
import type { PingResult } from './parse.ts'
import { parsePings } from './parse.ts'
import type { PingWish } from './render.ts'
import { renderHostPing } from './render.ts'

/**
 * Lost answers are results, not errors. Needs what ping needs: CAP_NET_RAW or net.ipv4.ping_group_range.
 *
 * @throws tool-missing
 */
export async function pingFromHost(
  wish: PingWish,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PingResult>> {
  const outputs = await Promise.all(
    wish.targets.map((target) => runPing(renderHostPing(target, wish), signal)),
  )
  return parsePings(outputs.join('\n'))
}

const runPing = (args: readonly string[], signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile('ping', args, { signal, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout) => {
      if (error?.code === 'ENOENT') reject(noPing(error))
      else if (signal.aborted) reject(signal.reason)
      // Exit 1 is "nothing came back", and its statistics say so.
      else resolve(stdout)
    })
  })

const noPing = (cause: Error): MicrolanError =>
  new MicrolanError({
    code: 'tool-missing',
    what: 'The host cannot measure: the program "ping" is not installed.',
    evidence: [{ source: 'process', from: 'ping', said: cause.message }],
    fix: [{ say: 'Install it:', run: 'apt-get install iputils-ping' }],
    cause,
  })
