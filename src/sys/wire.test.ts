import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addBridge, deleteGroup, setPort } from '../kernel/link.ts'
import { addPorts } from '../nft/element.ts'
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

test('golden bytes: a bridge, a port, a group delete, a firewall element', () => {
  const settings = {
    mac: '02:6d:ac:1e:00:01',
    mtu: 1500,
    group: 7,
    ageingCentiseconds: 0,
    stp: false,
    mcastSnooping: false,
  }
  assert.match(addBridge('br0', settings).payload.toString('hex'), /^0{32}0800030062723000/)
  const port = setPort({ name: 'tap0', index: 9 }, { isolated: true, learning: true, flood: true, up: true })
  // ifi_index 9, IFF_UP set and meant, then IFLA_LINKINFO.
  assert.match(port.payload.toString('hex'), /^000000000900000001000000010000002c001280/)
  assert.throws(() => deleteGroup(0), /default group/)
  const [begin, taps, ports, end] = addPorts([{ tap: 'tap0', mac: '06:00:00:00:00:01' }])
  assert.ok(begin!.silent && end!.silent)
  assert.match(taps!.payload.toString('hex'), /74617030(00){12}/)
  assert.match(ports!.payload.toString('hex'), /74617030(00){12}06000000000100/)
})
