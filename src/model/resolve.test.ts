import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MicrolanError } from '../errors.ts'
import type { Lab } from './desired.ts'
import { portsOf } from './desired.ts'
import { parseLabFile } from './lab-file.ts'
import type { Leases } from './lease.ts'
import type { Link, Observed } from './observed.ts'
import { resolve } from './resolve.ts'

const link = (index: number, name: string, alias: string | null = null): Link => ({
  ...{
    index,
    name,
    alias,
    kind: null,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    group: 0,
    up: true,
    carrier: true,
  },
  ...{ master: null, bridge: null, port: null, tun: null },
})

/** A host like most: an uplink with a default route and its own range, and Docker's. */
const host: Observed = {
  links: [link(2, 'eth0'), link(3, 'docker0')],
  addresses: [{ link: 2, family: 4, address: '192.168.1.10', prefix: 24 }],
  routes: [
    { family: 4, destination: '0.0.0.0', prefix: 0, gateway: '192.168.1.1', link: 2, table: 254 },
    { family: 4, destination: '192.168.1.0', prefix: 24, gateway: null, link: 2, table: 254 },
    { family: 4, destination: '192.168.1.10', prefix: 32, gateway: null, link: 2, table: 255 },
    { family: 4, destination: '172.30.0.0', prefix: 24, gateway: null, link: 3, table: 254 },
  ],
  fdb: [],
  firewall: null,
  guests: [],
}
const none: Leases = { networks: [], guests: [] }

const resolved = (yaml: string, leases = none, macCollision: 'refused' | 'allowed' = 'refused'): Lab =>
  resolve(parseLabFile(yaml, 'lab.yaml'), {
    ...{ lab: 'lab', observed: host, leases, vmm: 'emulator', macCollision },
    image: { kernel: '/kernel', initrd: '/initrd' },
  })

test('a network without a range gets the first that the host does not reach', () => {
  const lab = resolved('networks: {lan: {}, dmz: {}}')
  assert.deepEqual(
    lab.networks.map(({ subnet, gateway, bridge }) => [subnet.address, gateway, bridge]),
    [
      ['172.30.1.0', '172.30.1.1', 'ml-lan'],
      ['172.30.2.0', '172.30.2.1', 'ml-dmz'],
    ],
  )
})

test('guests get addresses in the order of the file, around the given ones', () => {
  const lab = resolved(`networks: {lan: {subnet: 10.1.0.0/24}}
guests: {a: {networks: [lan]}, b: {networks: {lan: {ip: 10.1.0.3}}}, c: {networks: [lan]}}`)
  assert.deepEqual(
    portsOf(lab).map(({ guest, ip, mac, tap, tapMac }) => [guest, ip, mac, tap, tapMac]),
    [
      ['a', '10.1.0.2', '06:00:0a:01:00:02', 'ml-lan_2', 'fe:00:0a:01:00:02'],
      ['b', '10.1.0.3', '06:00:0a:01:00:03', 'ml-lan_3', 'fe:00:0a:01:00:03'],
      ['c', '10.1.0.4', '06:00:0a:01:00:04', 'ml-lan_4', 'fe:00:0a:01:00:04'],
    ],
  )
})

test('leases are kept, also those of guests that the file does not name now', () => {
  const leases: Leases = {
    networks: [{ lab: 'lab', network: 'lan', subnet: '172.30.7.0/24', bridge: 'ml-lan' }],
    guests: [
      { lab: 'lab', network: 'lan', guest: 'b', ip: '172.30.7.2' },
      { lab: 'lab', network: 'lan', guest: 'gone', ip: '172.30.7.3' },
    ],
  }
  const lab = resolved('networks: {lan: {}}\nguests: {a: {networks: [lan]}, b: {networks: [lan]}}', leases)
  assert.deepEqual(
    portsOf(lab).map(({ guest, ip }) => `${guest} ${ip}`),
    ['a 172.30.7.4', 'b 172.30.7.2'],
  )
})

test('long network names still give interface names of at most 15 bytes, each its own', () => {
  const lab =
    resolved(`networks: {a-very-long-network-name: {subnet: 10.0.0.0/8}, a-very-long-network-nama: {}}
guests: {a: {networks: {a-very-long-network-name: {ip: 10.200.200.200}}}}`)
  const names = [...lab.networks.map(({ bridge }) => bridge), ...portsOf(lab).map(({ tap }) => tap)]
  assert.equal(new Set(names).size, 3)
  for (const name of names) assert.ok(name.length <= 15, name)
})

test('a gateway guest has its cards in the order of its networks, and one default route', () => {
  const [gate] = resolved(`networks: {lan: {subnet: 10.1.0.0/24}, dmz: {subnet: 10.2.0.0/16}}
guests: {gate: {networks: [dmz, lan]}}`).guests
  assert.match(
    gate!.bootArgs,
    / ip=10\.2\.0\.2::10\.2\.0\.1:255\.255\.0\.0:gate:eth0:off ip=10\.1\.0\.2:::255\.255\.255\.0:gate:eth1:off$/,
  )
})

const guest = (place: string) =>
  `networks: {lan: {subnet: 10.1.0.0/24}}\nguests: {a: {networks: {lan: ${place}}}}`
const two = (a: string, b: string) =>
  `networks: {lan: {subnet: 10.1.0.0/24}}\nguests: {a: {networks: {lan: ${a}}}, b: {networks: {lan: ${b}}}}`

const refused: readonly { name: string; yaml: string; code: string; says: RegExp }[] = [
  {
    name: 'a range that the host reaches',
    yaml: 'networks: {lan: {subnet: 192.168.0.0/16}}',
    code: 'subnet-overlap',
    says: /192\.168\.1\.0\/24/,
  },
  {
    name: 'a range inside one that the host reaches',
    yaml: 'networks: {lan: {subnet: 172.30.0.128/25}}',
    code: 'subnet-overlap',
    says: /172\.30\.0\.0\/24/,
  },
  {
    name: 'two networks with one range',
    yaml: 'networks: {a: {subnet: 10.1.0.0/24}, b: {subnet: 10.1.0.0/25}}',
    code: 'subnet-overlap',
    says: /10\.1\.0\.0\/24/,
  },
  {
    name: 'a range that is none',
    yaml: 'networks: {lan: {subnet: 10.1.0}}',
    code: 'subnet-invalid',
    says: /form/,
  },
  {
    name: 'an address with a prefix',
    yaml: 'networks: {lan: {subnet: 10.1.0.7/24}}',
    code: 'subnet-invalid',
    says: /10\.1\.0\.0\/24/,
  },
  {
    name: 'a range without room',
    yaml: 'networks: {lan: {subnet: 10.1.0.0/31}}',
    code: 'subnet-invalid',
    says: /\/30/,
  },
  {
    name: 'an ip elsewhere',
    yaml: guest('{ip: 10.2.0.2}'),
    code: 'ip-outside-subnet',
    says: /10\.1\.0\.0\/24/,
  },
  { name: "the gateway's ip", yaml: guest('{ip: 10.1.0.1}'), code: 'ip-reserved', says: /gateway/ },
  { name: "the network's ip", yaml: guest('{ip: 10.1.0.0}'), code: 'ip-reserved', says: /network's own/ },
  { name: 'the broadcast ip', yaml: guest('{ip: 10.1.0.255}'), code: 'ip-reserved', says: /broadcast/ },
  { name: 'an ip that is none', yaml: guest('{ip: 10.1.0.300}'), code: 'ip-invalid', says: /not an IPv4/ },
  {
    name: 'one ip twice',
    yaml: two('{ip: 10.1.0.5}', '{ip: 10.1.0.5}'),
    code: 'ip-duplicate',
    says: /guest "a"/,
  },
  { name: 'a mac that is none', yaml: guest('{mac: 06-00}'), code: 'mac-invalid', says: /six hex bytes/ },
  {
    name: 'a multicast mac',
    yaml: guest("{mac: '07:00:00:00:00:01'}"),
    code: 'mac-unusable',
    says: /multicast/,
  },
  { name: 'a mac of zeros', yaml: guest("{mac: '00:00:00:00:00:00'}"), code: 'mac-unusable', says: /zeros/ },
  {
    name: "Firecracker's metadata mac",
    yaml: guest("{mac: '06:01:23:45:67:01'}"),
    code: 'mac-unusable',
    says: /metadata/,
  },
  { name: "the tap's own mac", yaml: guest('{mac: tap}'), code: 'mac-collision', says: /its own tap/ },
  {
    name: "the bridge's mac",
    yaml: guest("{mac: '02:6d:0a:01:00:01'}"),
    code: 'mac-collision',
    says: /bridge ml-lan/,
  },
  {
    name: "another tap's mac",
    yaml: two('{}', "{mac: 'fe:00:0a:01:00:02'}"),
    code: 'mac-collision',
    says: /guest "a"/,
  },
  {
    name: 'one mac twice',
    yaml: two("{mac: '06:00:00:00:00:01'}", "{mac: '06:00:00:00:00:01'}"),
    code: 'mac-duplicate',
    says: /guest "b"/,
  },
  {
    name: 'a bridge name that is too long',
    yaml: 'networks: {lan: {bridge: abcdefghijklmnop}}',
    code: 'ifname-invalid',
    says: /16 bytes/,
  },
  {
    name: "a bridge name that is another's",
    yaml: 'networks: {lan: {bridge: docker0}}',
    code: 'name-taken',
    says: /not ours/,
  },
  {
    name: 'a network that is not there',
    yaml: 'networks: {lan: {}}\nguests: {a: {networks: [lam]}}',
    code: 'network-unknown',
    says: /lam/,
  },
  {
    name: 'a guest called host',
    yaml: 'networks: {lan: {}}\nguests: {host: {networks: [lan]}}',
    code: 'guest-reserved',
    says: /host/,
  },
  {
    name: 'more guests than addresses',
    yaml: 'networks: {lan: {subnet: 10.1.0.0/30}}\nguests: {a: {networks: [lan]}, b: {networks: [lan]}}',
    code: 'subnet-full',
    says: /guest "b"/,
  },
  {
    name: 'too many kernel arguments',
    yaml: `networks: {lan: {}}\nguests: {a: {networks: [lan], bootArgs: ${'x'.repeat(2000)}}}`,
    code: 'boot-args-too-long',
    says: /2047/,
  },
]

for (const { name, yaml, code, says } of refused) {
  test(`refused: ${name} (${code})`, () => {
    const error = thrownBy(() => resolved(yaml))
    assert.equal(error.code, code)
    assert.match(error.what, says)
    assert.ok(error.evidence.length > 0 && error.fix.length > 0, 'an error has evidence and a way out')
    assert.match(error.evidence.map(({ from }) => from).join(), /lab\.yaml:\d+:\d+|network "lan"/)
  })
}

test('an overlap proposes a range that is free', () => {
  const error = thrownBy(() => resolved('networks: {lan: {subnet: 172.30.0.0/24}}'))
  assert.match(error.fix[0]!.say, /172\.30\.1\.0\/24/)
})

test("a guest may have its tap's address when that is asked for", () => {
  const lab = resolved('networks: {lan: {}}\nguests: {a: {networks: {lan: {mac: tap}}}}', none, 'allowed')
  const [port] = portsOf(lab)
  assert.equal(port!.mac, port!.tapMac)
})

function thrownBy(work: () => unknown): MicrolanError {
  try {
    work()
  } catch (error) {
    if (error instanceof MicrolanError) return error
    throw error
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}
