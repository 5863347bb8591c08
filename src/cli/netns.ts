// `--netns NAME`: the namespace is the process. Node's other threads cannot follow a setns of ours, so the
// program starts again inside, by nsenter, with the same arguments.
import { existsSync } from 'node:fs'
import { MicrolanError } from '../errors.ts'

/** Set for the program that runs inside; holds the namespace's name. */
const INSIDE = 'MICROLAN_INSIDE_NETNS'

export const isInside = (name: string): boolean => process.env[INSIDE] === name

/**
 * Does not come back: the program that goes on is another, inside.
 *
 * @throws netns-missing, not-permitted
 */
export function enterNetns(name: string): never {
  const path = name.includes('/') ? name : `/run/netns/${name}`
  if (!existsSync(path)) {
    throw new MicrolanError({
      code: 'netns-missing',
      what: `There is no network namespace "${name}".`,
      evidence: [{ source: 'file', from: path, said: 'no such file' }],
      fix: [{ say: 'Make it:', run: `ip netns add ${name}` }],
      exit: 2,
    })
  }
  if (process.geteuid?.() !== 0) {
    throw new MicrolanError({
      code: 'not-permitted',
      what: `Only root may enter network namespace "${name}".`,
      evidence: [{ source: 'process', from: 'effective uid', said: String(process.geteuid?.()) }],
      fix: [{ say: 'Run microlan as root.' }],
      exit: 4,
    })
  }
  const nsenter = ['/usr/bin/nsenter', '/bin/nsenter'].find(existsSync) ?? '/usr/bin/nsenter'
  const args = ['nsenter', `--net=${path}`, process.execPath, ...process.argv.slice(1)]
  return process.execve!(nsenter, args, { ...process.env, [INSIDE]: name } as NodeJS.ProcessEnv)
}
