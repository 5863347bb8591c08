// The namespace is the process: a test file starts again inside a network namespace of its own, before any test.
import { existsSync } from 'node:fs'
import { test } from 'node:test'

/** Set for the process that runs inside. */
const INSIDE = 'MICROLAN_TEST_NETNS'

/**
 * Call first, at the top of a file. Comes back inside; the namespace goes with the process. Where none can be
 * made, registers one test that says why it skips (or fails, with MICROLAN_REQUIRE=netns), and gives false.
 */
export function inNetns(): boolean {
  if (process.env[INSIDE] === '1') return true
  if (process.geteuid?.() !== 0) {
    const required = process.env.MICROLAN_REQUIRE?.includes('netns')
    test('network namespaces', (t) => {
      if (required) throw new Error('MICROLAN_REQUIRE=netns, and this is not root')
      t.skip('needs root, to make a network namespace')
    })
    return false
  }
  const unshare = ['/usr/bin/unshare', '/bin/unshare'].find(existsSync)!
  // /sys shows the network namespace that it was mounted in; a mount of its own shows the new one.
  const inside = 'mount -t sysfs sysfs /sys && ip link set lo up && exec "$@"'
  const args = [
    'unshare',
    '-n',
    '-m',
    'sh',
    '-c',
    inside,
    'sh',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ]
  process.execve!(unshare, args, { ...process.env, [INSIDE]: '1' } as NodeJS.ProcessEnv)
  return true
}
