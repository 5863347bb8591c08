import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lab } from '../model/desired.ts'
import { parseLabFile } from '../model/lab-file.ts'
import { resolve } from '../model/resolve.ts'
import { plan } from './plan.ts'
import { commands, explain } from './traits.ts'

const nobody = { links: [], addresses: [], routes: [], fdb: [], firewall: null, guests: [] }

const labOf = (yaml: string): Lab =>
  resolve(parseLabFile(yaml, 'lab.yaml'), {
    ...{
      lab: 'home',
      observed: nobody,
      leases: { networks: [], guests: [] },
      vmm: 'emulator',
      macCollision: 'allowed',
    },
    image: { kernel: '/kernel', initrd: '/initrd' },
  })

const lines = (yaml: string): string =>
  plan(labOf(yaml), nobody, { guests: 'left' })
    .filter(({ kind }) => kind !== 'load-firewall')
    .flatMap(commands)
    .join('\n')

test('a guest on a switch, as the commands that make it', () => {
  assert.equal(
    lines('networks: {lan: {}}\nguests: {alice: {networks: [lan]}}'),
    `nft add element bridge microlan taps '{ "ml-lan_2" }'
nft add element bridge microlan ports '{ "ml-lan_2" . 06:00:ac:1e:00:02 }'
ip link add ml-lan address 02:6d:ac:1e:00:01 mtu 1500 group 1131471695 type bridge ageing_time 30000 stp_state 0 mcast_snooping 0 forward_delay 0
ip link set dev ml-lan alias 'microlan:home/lan'
ip link set dev ml-lan up
ip addr add 172.30.0.1/24 brd + dev ml-lan
ip tuntap add dev ml-lan_2 mode tap vnet_hdr
ip link set dev ml-lan_2 addrgenmode none address fe:00:ac:1e:00:02 mtu 1500 group 1131471695 alias 'microlan:home/lan/alice' master ml-lan
bridge link set dev ml-lan_2 isolated off learning on flood on
ip link set dev ml-lan_2 up`,
  )
})

test('a hub is ageing 0 and no local entry for the tap, before it is up', () => {
  assert.match(
    lines('networks: {lan: {mode: hub}}\nguests: {alice: {networks: [lan]}}'),
    /ageing_time 0 [\s\S]*bridge fdb del fe:00:ac:1e:00:02 dev ml-lan_2 master\nip link set dev ml-lan_2 up$/,
  )
})

test('steps come in an order that never lets a guest run unwatched', () => {
  const steps = plan(labOf('networks: {lan: {}}\nguests: {alice: {networks: [lan]}}'), nobody, {
    guests: 'started',
  })
  assert.deepEqual(steps.map(explain), [
    'loaded the firewall table bridge microlan',
    'let 06:00:ac:1e:00:02 and no other address send from ml-lan_2',
    'made bridge ml-lan for network "lan"',
    'gave the host 172.30.0.1/24 on ml-lan',
    'plugged tap ml-lan_2 of guest "alice" into ml-lan',
    'started guest "alice"',
  ])
})
