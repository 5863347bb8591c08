// What the Linux host says now: one snapshot, plain data, nothing derived.
// Every observer (the kernel edge, the fake host, a saved file) gives exactly this.
import type { Guest } from './desired.ts'

/** A network device of the host (`RTM_NEWLINK`, linux/if_link.h). */
export interface Link {
  /** Kernel's ifindex; changes when a device is made anew. */
  readonly index: number
  readonly name: string
  /** `IFLA_INFO_KIND`: `bridge`, `tun`, `veth` …; null for a device without one (lo, hardware). */
  readonly kind: string | null
  /** Lower-case `aa:bb:…`; null where the device has no six-byte address. */
  readonly mac: string | null
  /** Bytes of IP packet. */
  readonly mtu: number
  /** Link group id (`ip link set group`); 0 is the kernel's default group. */
  readonly group: number
  /** `ifalias`: who owns it. `microlan:<lab>/<network>[/<guest>]` when it is ours. */
  readonly alias: string | null
  /** Administratively up (`IFF_UP`). */
  readonly up: boolean
  /** `IFF_LOWER_UP`: for a tap, somebody holds it. */
  readonly carrier: boolean
  /** ifindex of the bridge that it is a port of; null when it is nobody's. */
  readonly master: number | null
  /** Set for bridges. */
  readonly bridge: BridgeAttributes | null
  /** Set for ports of a bridge. */
  readonly port: PortAttributes | null
  /** Set for tun and tap devices. */
  readonly tun: TunAttributes | null
}

export interface BridgeAttributes {
  /** Hundredths of a second, as the kernel keeps it (30000 = 300 s); 0 makes the bridge a hub. */
  readonly ageingCentiseconds: number
  readonly stp: boolean
  readonly mcastSnooping: boolean
}

export interface PortAttributes {
  readonly state: 'disabled' | 'listening' | 'learning' | 'forwarding' | 'blocking'
  readonly isolated: boolean
  readonly learning: boolean
  readonly flood: boolean
}

export interface TunAttributes {
  readonly mode: 'tap' | 'tun'
  /** Numeric uid that may attach; null = anyone who can open /dev/net/tun. */
  readonly owner: number | null
  readonly persistent: boolean
  readonly multiQueue: boolean
}

/** An address of a device. */
export interface Address {
  /** ifindex of the device. */
  readonly link: number
  readonly family: 4 | 6
  readonly address: string
  readonly prefix: number
}

/** An IPv4 or IPv6 route of any table; `0.0.0.0/0` and `::/0` are default routes. */
export interface Route {
  readonly family: 4 | 6
  readonly destination: string
  readonly prefix: number
  readonly gateway: string | null
  /** ifindex of the way out; null for blackhole and the like. */
  readonly link: number | null
  readonly table: number
}

/** A row of a bridge's forwarding database (`bridge fdb show`). */
export interface FdbEntry {
  readonly mac: string
  /** ifindex of the port, or of the bridge itself for its own address. */
  readonly link: number
  /** ifindex of the bridge. */
  readonly bridge: number
  /**
   * `permanent` (NUD_PERMANENT) is the kernel's word for *local*: a frame to it goes up to the host and is
   * never forwarded. `static` does not age; `dynamic` was learned. net/bridge/br_fdb.c.
   */
  readonly state: 'permanent' | 'static' | 'dynamic'
}

/** What stands in our nft table: null when the table is not there. */
export interface Firewall {
  /** Each guest's place: frames from this tap may carry this source MAC and no other. */
  readonly ports: readonly FirewallPort[]
}

export interface FirewallPort {
  readonly tap: string
  readonly mac: string
}

/** A guest's VMM process that is alive and was started by us. */
export interface ObservedGuest {
  /** What it was started as: lab, name and all settings. */
  readonly guest: Guest
  readonly pid: number
  readonly apiSocket: string
  /** `starting`: alive, but InstanceStart has not been confirmed (a killed `up` leaves this). */
  readonly phase: 'starting' | 'running'
}

export interface Observed {
  readonly links: readonly Link[]
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly fdb: readonly FdbEntry[]
  readonly firewall: Firewall | null
  readonly guests: readonly ObservedGuest[]
}
