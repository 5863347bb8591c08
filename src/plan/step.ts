// The union of all steps. A step is data: it can say what it does, show itself as commands, and undo itself.
import type { Ipv4 } from '../model/address.ts'
import type { Guest, Network, Port } from '../model/desired.ts'

/** A bridge's settings that we hold to; what differs from `Network` is what has to change. */
export interface BridgeState {
  readonly mac: string
  readonly mtu: number
  readonly group: number
  readonly alias: string
  readonly ageingCentiseconds: number
  readonly stp: boolean
  readonly mcastSnooping: boolean
  readonly up: boolean
}

/** A tap's settings that we hold to. `bridge` is a name; null when it is nobody's port. */
export interface PortState {
  readonly bridge: string | null
  readonly mac: string
  readonly mtu: number
  readonly group: number
  readonly alias: string
  readonly isolated: boolean
  readonly learning: boolean
  readonly flood: boolean
  /**
   * Whether the bridge holds the tap's own address for the host's (a permanent entry of its forwarding
   * database). The kernel makes the entry with the port; a hub has it removed.
   */
  readonly local: boolean
  readonly up: boolean
}

/** An address of the host's own on a bridge. */
export interface HostAddress {
  readonly ip: Ipv4
  readonly prefix: number
}

export type Step =
  | { readonly kind: 'load-firewall' }
  | { readonly kind: 'unload-firewall' }
  | { readonly kind: 'allow-port'; readonly tap: string; readonly mac: string }
  | { readonly kind: 'forbid-port'; readonly tap: string; readonly mac: string }
  | {
      readonly kind: 'add-bridge'
      readonly bridge: string
      readonly network: string
      readonly state: BridgeState
    }
  | {
      readonly kind: 'set-bridge'
      readonly bridge: string
      readonly network: string
      readonly from: BridgeState
      readonly to: BridgeState
    }
  | { readonly kind: 'add-address'; readonly bridge: string; readonly ip: Ipv4; readonly prefix: number }
  | { readonly kind: 'remove-address'; readonly bridge: string; readonly ip: Ipv4; readonly prefix: number }
  | { readonly kind: 'add-port'; readonly tap: string; readonly guest: string; readonly state: PortState }
  | {
      readonly kind: 'set-port'
      readonly tap: string
      readonly guest: string
      readonly from: PortState
      readonly to: PortState
    }
  | { readonly kind: 'remove-port'; readonly tap: string; readonly guest: string; readonly was: PortState }
  | {
      readonly kind: 'remove-bridge'
      readonly bridge: string
      readonly network: string
      readonly was: BridgeState
      readonly addresses: readonly HostAddress[]
    }
  | {
      readonly kind: 'remove-network'
      readonly network: string
      readonly group: number
      readonly bridge: StepOf<'remove-bridge'>
      readonly ports: readonly StepOf<'remove-port'>[]
    }
  | { readonly kind: 'start-guest'; readonly guest: Guest }
  | { readonly kind: 'stop-guest'; readonly guest: Guest; readonly why: string }

export type StepKind = Step['kind']
export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>

/** What one kind of step knows about itself. Each lives in `steps/`, one noun a file. */
export interface StepTraits<K extends StepKind> {
  /** What it does, in the past tense and the user's names: "made bridge ml-lan". */
  explain(step: StepOf<K>): string
  /** The `ip`, `bridge` and `nft` lines it stands for. They need no context and run in order. */
  commands(step: StepOf<K>): readonly string[]
  /** What takes it back; nothing when there is nothing to take back. */
  undo(step: StepOf<K>): readonly Step[]
}

/** What a network's bridge must be like. */
export const bridgeState = (network: Network): BridgeState => ({
  mac: network.mac,
  mtu: network.mtu,
  group: network.group,
  alias: network.alias,
  // 300 s is the kernel's default; 0 stops learning, which with the local entries gone makes it a hub.
  ageingCentiseconds: network.mode === 'hub' ? 0 : 30000,
  stp: false,
  mcastSnooping: false,
  up: true,
})

/** What a guest's tap must be like. */
export const portState = (port: Port): PortState => ({
  bridge: port.bridge,
  mac: port.tapMac,
  mtu: port.mtu,
  group: port.group,
  alias: port.alias,
  isolated: false,
  learning: true,
  flood: true,
  local: port.mode === 'switch',
  up: true,
})
