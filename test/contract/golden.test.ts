// Requests to the kernel, byte for byte: what a change of the codec would break without anybody noticing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addBridge, deleteGroup, setPort } from '../../src/kernel/link.ts'
import { addPorts } from '../../src/nft/element.ts'

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
