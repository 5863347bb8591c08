import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attribute, attributes, message, messages, nested, text, u32 } from './wire.ts'

test('a message is its header, its payload and padding', () => {
  const bytes = message({ type: 16, flags: 5, sequence: 7, payload: Buffer.from('abcde') })
  assert.equal(
    bytes.toString('hex'),
    '15000000' + '1000' + '0500' + '07000000' + '00000000' + '6162636465' + '000000',
  )
  assert.deepEqual(
    [...messages(Buffer.concat([bytes, bytes]))].map(({ sequence, payload }) => [
      sequence,
      payload.toString(),
    ]),
    [
      [7, 'abcde'],
      [7, 'abcde'],
    ],
  )
})

test('attributes nest, and what is cut off is not read', () => {
  const bytes = nested(18, attribute(1, text('bridge')), attribute(27, u32(9)))
  assert.equal(
    bytes.toString('hex'),
    '1800' + '1280' + '0b00' + '0100' + '62726964676500' + '00' + '0800' + '1b00' + '09000000',
  )
  const inner = attributes(attributes(bytes).get(18)!)
  assert.equal(inner.get(27)!.readUInt32LE(), 9)
  assert.equal(attributes(bytes.subarray(0, 12)).size, 0)
})
