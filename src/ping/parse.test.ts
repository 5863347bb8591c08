import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePings } from './parse.ts'

const iputils = `PING 127.0.0.1 (127.0.0.1) 56(84) bytes of data.

--- 127.0.0.1 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 402ms
rtt min/avg/max/mdev = 0.014/0.022/0.031/0.007 ms
`
const busybox = `PING 172.30.0.3 (172.30.0.3): 56 data bytes

--- 172.30.0.3 ping statistics ---
3 packets transmitted, 2 packets received, 33% packet loss
round-trip min/avg/max = 0.603/1.084/1.822 ms
PING 172.30.0.4 (172.30.0.4): 56 data bytes

--- 172.30.0.4 ping statistics ---
3 packets transmitted, 0 packets received, 100% packet loss
`

test('both dialects of ping are understood, and many in one output', () => {
  assert.deepEqual(
    [...parsePings(iputils + busybox)],
    [
      ['127.0.0.1', { sent: 3, received: 3, rttMs: { min: 0.014, avg: 0.022, max: 0.031 } }],
      ['172.30.0.3', { sent: 3, received: 2, rttMs: { min: 0.603, avg: 1.084, max: 1.822 } }],
      ['172.30.0.4', { sent: 3, received: 0, rttMs: null }],
    ],
  )
})

test('iputils with errors in between still counts as lost', () => {
  const output = `--- 10.0.0.9 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2043ms
`
  assert.deepEqual(parsePings(output).get('10.0.0.9'), { sent: 3, received: 0, rttMs: null })
})

test('rounds of one packet each add up', () => {
  const round = (ms: number) => `--- 10.0.0.2 ping statistics ---
1 packets transmitted, 1 packets received, 0% packet loss
round-trip min/avg/max = ${ms}/${ms}/${ms} ms
`
  const lost =
    '--- 10.0.0.2 ping statistics ---\n1 packets transmitted, 0 packets received, 100% packet loss\n'
  assert.deepEqual(parsePings(round(1) + lost + round(4)).get('10.0.0.2'), {
    sent: 3,
    received: 2,
    rttMs: { min: 1, avg: 2.5, max: 4 },
  })
})
