// Labs that differ in every way a plan can see: what the laws walk between.

import type { Lab } from '../../src/model/desired.ts'
import { parseLabFile } from '../../src/model/lab-file.ts'
import { resolve } from '../../src/model/resolve.ts'

const nobody = { links: [], addresses: [], routes: [], fdb: [], firewall: null, guests: [] }

const labOf = (yaml: string): Lab =>
  resolve(parseLabFile(yaml, 'lab.yaml'), {
    lab: 'lab',
    observed: nobody,
    leases: { networks: [], guests: [] },
    vmm: 'emulator',
    image: { kernel: '/kernel', initrd: '/initrd' },
    macCollision: 'allowed',
  })

export const labs: readonly { readonly name: string; readonly lab: Lab }[] = [
  { name: 'nothing', lab: { name: 'lab', networks: [], guests: [] } },
  { name: 'an empty network', lab: labOf('networks: {lan: {}}') },
  {
    name: 'two guests on a switch',
    lab: labOf('networks: {lan: {}}\nguests: {alice: {networks: [lan]}, bob: {networks: [lan]}}'),
  },
  {
    name: 'three guests, the first elsewhere',
    lab: labOf(`networks: {lan: {}}
guests: {alice: {networks: {lan: {ip: 172.30.0.9}}}, bob: {networks: [lan]}, carol: {networks: [lan]}}`),
  },
  {
    name: 'the same two on a hub',
    lab: labOf('networks: {lan: {mode: hub}}\nguests: {alice: {networks: [lan]}, bob: {networks: [lan]}}'),
  },
  {
    name: 'a guest with other MAC and memory',
    lab: labOf(`networks: {lan: {}}
guests: {alice: {memory: 256MiB, networks: {lan: {mac: '06:00:00:00:00:77'}}}, bob: {networks: [lan]}}`),
  },
  {
    name: 'guests with the MAC of their taps',
    lab: labOf('networks: {lan: {}}\nguests: {alice: {networks: {lan: {mac: tap}}}, bob: {networks: [lan]}}'),
  },
  {
    name: 'two networks and a router',
    lab: labOf(`networks: {lan: {}, dmz: {mtu: 1400, bridge: dmz0}}
guests: {alice: {networks: [lan]}, gate: {networks: [lan, dmz]}, web: {networks: [dmz]}}`),
  },
  {
    name: 'another range and another bridge',
    lab: labOf(`networks: {lan: {subnet: 10.9.0.0/16, bridge: br9, mtu: 9000}}
guests: {alice: {networks: [lan]}, bob: {networks: {lan: {ip: 10.9.200.7}}}}`),
  },
]
