import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MicrolanError } from '../errors.ts'
import { showError } from './error.ts'
import type { Ping } from './matrix.ts'
import { showMatrix } from './matrix.ts'
import type { Paint } from './table.ts'

const plain: Paint = (text) => text
const marked: Paint = (text, style) => `<${style}>${text}</${style}>`

const ping = (from: string, to: string, received: number): Ping => ({
  ...{ from, to, family: 4, address: '10.0.0.1', sent: 3, received },
  rttMs: received === 0 ? null : { min: 1, avg: 2.34, max: 3 },
})

test('a matrix has a row for who asks and a column for who answers', () => {
  const pings = [ping('host', 'a', 3), ping('a', 'host', 3), ping('a', 'b', 0), ping('b', 'a', 2)]
  assert.equal(
    showMatrix(pings, plain),
    `from \\ to  host    a         b
host       —       2.3 ms    ·
a          2.3 ms  —         100% lost
b          ·       33% lost  —

2 of 4 directions lose packets`,
  )
})

test('colour never moves a column', () => {
  const pings = [ping('host', 'a', 3), ping('a', 'host', 3)]
  const bare = showMatrix(pings, marked).replaceAll(/<\/?\w+>/g, '')
  assert.equal(bare, showMatrix(pings, plain))
})

test('beyond a dozen places only losses are shown', () => {
  const names = Array.from({ length: 14 }, (_, n) => `g${n}`)
  const pings = names.flatMap((from) =>
    names.filter((to) => to !== from).map((to) => ping(from, to, from === 'g1' && to === 'g2' ? 1 : 3)),
  )
  assert.equal(showMatrix(pings, plain), 'g1  →  g2  1 of 3 answered\n1 of 182 directions lose packets')
})

test('an error tells what, evidence, what to do and state, and ends with its code', () => {
  const error = new MicrolanError({
    code: 'tap-busy',
    what: 'Guest "db" cannot have tap ml-lan_2: another process holds it.',
    evidence: [
      {
        source: 'emulator',
        from: 'PUT /network-interfaces/eth0 → 400',
        said: 'Open tap device failed (os error 16).',
      },
      { source: 'kernel', from: '/proc/4711/fdinfo/9', said: 'iff: ml-lan_2  (firecracker, pid 4711)' },
    ],
    fix: [{ say: 'End firecracker:', run: 'kill 4711' }, { say: 'Or take another tap.' }],
    state: 'Everything that this run had changed was undone.',
  })
  assert.equal(
    showError(error, plain),
    `error: Guest "db" cannot have tap ml-lan_2: another process holds it.

  evidence
    PUT /network-interfaces/eth0 → 400
      Open tap device failed (os error 16).
    /proc/4711/fdinfo/9               iff: ml-lan_2  (firecracker, pid 4711)

  what to do
    End firecracker:  kill 4711
    Or take another tap.

  state
    Everything that this run had changed was undone.

  tap-busy · microlan help tap-busy`,
  )
})
