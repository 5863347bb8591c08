// What the user asked for, complete: every name, address and argument decided, nothing left to choose.
import type { Ipv4, Subnet } from './address.ts'
import type { Mac } from './mac.ts'

export type VmmKind = 'firecracker' | 'emulator'

export interface Lab {
  readonly name: string
  readonly networks: readonly Network[]
  readonly guests: readonly Guest[]
}

/** A LAN: one bridge with a fixed address of its own, and the host on it as the gateway. */
export interface Network {
  readonly name: string
  readonly subnet: Subnet
  readonly gateway: Ipv4
  /** `hub`: ageing 0 and no local entries for the taps, so every frame goes to every port. */
  readonly mode: 'switch' | 'hub'
  readonly bridge: string
  readonly mac: Mac
  /** Bytes of IP packet. */
  readonly mtu: number
  /** Link group that the bridge and its taps share: tearing the network down is one message. Never 0. */
  readonly group: number
  /** Who owns it, written on the device itself. */
  readonly alias: string
}

/** A guest's place on a network's bridge. */
export interface Port {
  readonly network: string
  readonly guest: string
  readonly bridge: string
  readonly tap: string
  readonly tapMac: Mac
  /** The guest's own address on this network. */
  readonly mac: Mac
  readonly ip: Ipv4
  readonly prefix: number
  readonly gateway: Ipv4
  readonly mtu: number
  readonly group: number
  readonly alias: string
  readonly mode: 'switch' | 'hub'
}

/** A microVM. Its ports are in the order of its network cards: the first is eth0. */
export interface Guest {
  readonly lab: string
  readonly name: string
  readonly vmm: VmmKind
  readonly vcpus: number
  readonly memoryMiB: number
  readonly kernel: string
  readonly initrd: string | null
  readonly rootfs: string | null
  readonly bootArgs: string
  /** `built-in` guests answer `exec`; of others we know only that they boot. */
  readonly image: 'built-in' | 'own'
  readonly ports: readonly Port[]
}

/** `ifalias` of a network's bridge, or of a guest's tap: how we know our own. */
export const aliasOf = (lab: string, network: string, guest?: string): string =>
  `microlan:${lab}/${network}${guest === undefined ? '' : `/${guest}`}`

/** The lab that a device belongs to, by its alias; null when it is not ours. */
export const labOfAlias = (alias: string | null): string | null =>
  /^microlan:([^/]+)\//.exec(alias ?? '')?.[1] ?? null

/** All ports of a lab, in the order of its guests. */
export const portsOf = (lab: Lab): readonly Port[] => lab.guests.flatMap((guest) => guest.ports)

/** What a VMM is told at its start; the rest of a guest (its addresses, its tap's settings) is not the VMM's. */
const startedWith = (guest: Guest) => ({
  vmm: guest.vmm,
  vcpus: guest.vcpus,
  memoryMiB: guest.memoryMiB,
  kernel: guest.kernel,
  initrd: guest.initrd,
  rootfs: guest.rootfs,
  bootArgs: guest.bootArgs,
  ports: guest.ports.map(({ tap, mac }) => ({ tap, mac })),
})

/** Whether a VMM started for one guest is as good for the other; if not, it must be started anew. */
export const startsAlike = (a: Guest, b: Guest): boolean =>
  JSON.stringify(startedWith(a)) === JSON.stringify(startedWith(b))
