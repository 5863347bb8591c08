// Runs nft on a text. The only fork of this edge; guests come and go without one.
import { spawn } from 'node:child_process'
import { text as readAll } from 'node:stream/consumers'
import { MicrolanError } from '../errors.ts'
import { renderSkeleton, renderUnload } from './render.ts'

/** Idempotent; keeps the sets' elements. Needs CAP_NET_ADMIN. @throws nft-failed, tool-missing */
export const loadSkeleton = (): Promise<void> => runNft(renderSkeleton())

/** Idempotent: a table that is not there is unloaded. @throws nft-failed, tool-missing */
export const unload = (): Promise<void> => runNft(renderUnload())

async function runNft(script: string): Promise<void> {
  // Debian keeps nft in /usr/sbin, which is not in every user's PATH.
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'], env })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(missing(error)))
    child.once('close', (code) => resolve(code))
  })
  // An nft that ends early breaks the pipe; why, it says on stderr.
  child.stdin.on('error', () => {})
  child.stdin.end(script)
  const [said, code] = await Promise.all([readAll(child.stderr), ended])
  if (code !== 0) throw failed(said)
}

const failed = (said: string): MicrolanError =>
  new MicrolanError({
    code: 'nft-failed',
    what: 'The firewall table of microlan could not be changed.',
    evidence: [{ source: 'nft', from: 'nft -f -', said: said.trim() }],
    fix: [{ say: 'See what stands there now:', run: 'nft list table bridge microlan' }],
    ...(/Operation not permitted/.test(said) ? { exit: 4 as const } : {}),
  })

const missing = (cause: Error): MicrolanError =>
  new MicrolanError({
    code: 'tool-missing',
    what: 'The firewall cannot be set: the program "nft" is not installed.',
    evidence: [{ source: 'process', from: 'nft', said: cause.message }],
    fix: [{ say: 'Install it:', run: 'apt-get install nftables' }],
    cause,
  })
