// From two snapshots to ordered steps. Empty when the host already is as the lab says.
import type { Ipv4 } from '../model/address.ts'
import type { Guest, Lab, Network } from '../model/desired.ts'
import { labOfAlias, portsOf, startsAlike } from '../model/desired.ts'
import type { FdbEntry, Link, Observed } from '../model/observed.ts'
import type { BridgeState, PortState, Step, StepOf } from './step.ts'
import { bridgeState, portState } from './step.ts'

/** Everything a plan looks at. */
interface View {
  readonly desired: Lab
  readonly observed: Observed
  readonly byName: ReadonlyMap<string, Link>
  readonly byIndex: ReadonlyMap<number, Link>
}

export interface PlanOptions {
  /** `left` makes the networks and their ports only, for VMMs that are started by somebody else. */
  readonly guests: 'started' | 'left'
}

const nothing = (lab: string): Lab => ({ name: lab, networks: [], guests: [] })

/** What makes the lab be gone. */
export const planDown = (lab: string, observed: Observed): readonly Step[] =>
  plan(nothing(lab), observed, { guests: 'started' })

/**
 * What makes the host be as the lab says, and nothing else of ours in this lab.
 *
 * The order, and why: what goes, goes first (a name may be needed again). The firewall stands before any
 * port, so that no guest ever sends unwatched. A bridge before its ports, its address before them too: a
 * guest's first ARP request may come as soon as its tap is held. Guests last:
 * Firecracker takes its taps when it is configured.
 */
export function plan(desired: Lab, observed: Observed, { guests }: PlanOptions): readonly Step[] {
  const view: View = {
    desired,
    observed,
    byName: new Map(observed.links.map((link) => [link.name, link])),
    byIndex: new Map(observed.links.map((link) => [link.index, link])),
  }
  const stops = planStops(view)
  const removals = planRemovals(view)
  const gone = new Set(removals.flatMap(namesRemoved))
  return [
    ...stops,
    ...removals,
    ...planFirewall(view, gone),
    ...desired.networks.flatMap((network) => planBridge(network, view, gone)),
    ...planPorts(view, gone),
    ...(guests === 'started' ? planStarts(view, stops) : []),
  ]
}

const namesRemoved = (step: Step): readonly string[] => {
  if (step.kind === 'remove-network') return [step.bridge.bridge, ...step.ports.map(({ tap }) => tap)]
  if (step.kind === 'remove-bridge') return [step.bridge]
  return step.kind === 'remove-port' ? [step.tap] : []
}

/** Guests that the lab does not have, has otherwise, or that cannot go on as they are. */
function planStops({ desired, observed, byName }: View): readonly Step[] {
  /** Up without carrier: the VMM holds a device that is no longer there under this name. */
  const isLost = (tap: string) => {
    const link = byName.get(tap)
    return !link || (link.up && !link.carrier)
  }
  return observed.guests
    .filter(({ guest }) => guest.lab === desired.name)
    .flatMap(({ guest, phase }): Step[] => {
      const wanted = desired.guests.find(({ name }) => name === guest.name)
      const lost = guest.ports.find(({ tap }) => isLost(tap))
      const why = !wanted
        ? 'no longer wanted'
        : phase === 'starting'
          ? 'its start was interrupted'
          : !startsAlike(guest, wanted)
            ? 'its settings changed'
            : lost
              ? `it lost its tap ${lost.tap}`
              : null
      return why === null ? [] : [{ kind: 'stop-guest', guest, why }]
    })
}

/** Devices of this lab, by their alias, that it should not have, or that cannot be mended. */
function planRemovals(view: View): readonly Step[] {
  const { desired, observed } = view
  const ours = observed.links.filter((link) => labOfAlias(link.alias) === desired.name)
  const networks = new Map(desired.networks.map((network) => [network.alias, network]))
  const ports = new Map(portsOf(desired).map((port) => [port.alias, port]))
  const doomed = ours.filter((link) => {
    const network = networks.get(link.alias!)
    const port = ports.get(link.alias!)
    if (network) return link.name !== network.bridge || link.kind !== 'bridge'
    if (port) return link.name !== port.tap || !isGuestTap(link)
    return true
  })
  const bridges = doomed
    .filter((link) => link.kind === 'bridge')
    .map((link) => planBridgeRemoval(link, doomed, view))
  const gone = new Set(bridges.flatMap(namesRemoved))
  const alone = doomed.filter((link) => !gone.has(link.name)).map((link) => removePort(link, view))
  // Taps before a bridge that goes alone, so that no tap is ever left without its place being known.
  return [...alone, ...bridges]
}

/** A bridge goes with its whole link group, unless something in the group stays or is not ours. */
function planBridgeRemoval(bridge: Link, doomed: readonly Link[], view: View): Step {
  const network = aliasParts(bridge)[0] ?? bridge.name
  const remove: StepOf<'remove-bridge'> = {
    kind: 'remove-bridge',
    bridge: bridge.name,
    network,
    was: bridgeStateOf(bridge),
    addresses: view.observed.addresses
      .filter((address) => address.link === bridge.index && address.family === 4)
      .map((address) => ({ ip: address.address as Ipv4, prefix: address.prefix })),
  }
  const members = view.observed.links.filter((link) => link.group === bridge.group)
  const whole = bridge.group !== 0 && members.every((link) => doomed.includes(link))
  const taps = members.filter((link) => link.kind !== 'bridge')
  return whole && taps.length === members.length - 1
    ? {
        kind: 'remove-network',
        network,
        group: bridge.group,
        bridge: remove,
        ports: taps.map((tap) => removePort(tap, view)),
      }
    : remove
}

const removePort = (link: Link, view: View): StepOf<'remove-port'> => ({
  kind: 'remove-port',
  tap: link.name,
  guest: aliasParts(link).at(-1) ?? '',
  was: portStateOf(link, view),
})

/** A device of that name that bears our alias. Somebody else's is never changed: making ours then fails, and says so. */
const ownLink = ({ byName }: View, name: string, alias: string): Link | undefined => {
  const link = byName.get(name)
  return link?.alias === alias ? link : undefined
}

const isGuestTap = (link: Link): boolean =>
  link.tun !== null && link.tun.mode === 'tap' && link.tun.persistent && !link.tun.multiQueue

/** `lan` or `lan`, `alice` of `microlan:<lab>/lan/alice`. */
const aliasParts = (link: Link): readonly string[] => (link.alias ?? '').split('/').slice(1)

function planFirewall({ desired, observed, byName }: View, gone: ReadonlySet<string>): readonly Step[] {
  const wanted = portsOf(desired)
  const present = observed.firewall?.ports ?? []
  const stays = (tap: string) => byName.has(tap) && !gone.has(tap)
  // An element is garbage when its tap is gone, or is ours with another address.
  const garbage = present.filter(({ tap, mac }) => {
    const port = wanted.find((other) => other.tap === tap)
    return port ? port.mac !== mac : !stays(tap)
  })
  const missing = wanted.filter(
    (port) => !present.some((element) => element.tap === port.tap && element.mac === port.mac),
  )
  const empty = missing.length === 0 && garbage.length === present.length && wanted.length === 0
  if (empty) return observed.firewall ? [...garbage.map(forbid), { kind: 'unload-firewall' }] : []
  return [
    ...(observed.firewall ? [] : [{ kind: 'load-firewall' } as const]),
    ...garbage.map(forbid),
    ...missing.map(({ tap, mac }): Step => ({ kind: 'allow-port', tap, mac })),
  ]
}

const forbid = ({ tap, mac }: { readonly tap: string; readonly mac: string }): Step => ({
  kind: 'forbid-port',
  tap,
  mac,
})

function planBridge(network: Network, view: View, gone: ReadonlySet<string>): readonly Step[] {
  const { bridge, name, gateway } = network
  const { prefix } = network.subnet
  const link = gone.has(bridge) ? undefined : ownLink(view, bridge, network.alias)
  const to = bridgeState(network)
  if (!link) {
    return [
      { kind: 'add-bridge', bridge, network: name, state: to },
      { kind: 'add-address', bridge, ip: gateway, prefix },
    ]
  }
  const from = bridgeStateOf(link)
  const addresses = view.observed.addresses.filter(
    (address) => address.link === link.index && address.family === 4,
  )
  const isRight = (address: { readonly address: string; readonly prefix: number }) =>
    address.address === gateway && address.prefix === prefix
  return [
    ...(same(from, to) ? [] : [{ kind: 'set-bridge', bridge, network: name, from, to } as const]),
    // Add before remove: without any address the kernel drops the routes through the bridge.
    ...(addresses.some(isRight) ? [] : [{ kind: 'add-address', bridge, ip: gateway, prefix } as const]),
    ...addresses
      .filter((address) => !isRight(address))
      .map(
        (address): Step => ({
          kind: 'remove-address',
          bridge,
          ip: address.address as Ipv4,
          prefix: address.prefix,
        }),
      ),
  ]
}

function planPorts(view: View, gone: ReadonlySet<string>): readonly Step[] {
  return portsOf(view.desired).flatMap((port): Step[] => {
    const { tap, guest } = port
    const link = gone.has(tap) ? undefined : ownLink(view, tap, port.alias)
    const to = portState(port)
    if (!link) return [{ kind: 'add-port', tap, guest, state: to }]
    const now = portStateOf(link, view)
    // Its bridge goes in this very plan, and takes the place and its local entry along.
    const from = now.bridge !== null && gone.has(now.bridge) ? { ...now, bridge: null, local: true } : now
    return same(from, to) ? [] : [{ kind: 'set-port', tap, guest, from, to }]
  })
}

function planStarts({ desired, observed }: View, stops: readonly Step[]): readonly Step[] {
  const isThis = (a: Guest, b: Guest) => a.lab === b.lab && a.name === b.name
  const stays = (guest: Guest) =>
    observed.guests.some((running) => isThis(running.guest, guest)) &&
    !stops.some((step) => step.kind === 'stop-guest' && isThis(step.guest, guest))
  return desired.guests
    .filter((guest) => !stays(guest))
    .map((guest): Step => ({ kind: 'start-guest', guest }))
}

const bridgeStateOf = (link: Link): BridgeState => ({
  mac: link.mac ?? '',
  mtu: link.mtu,
  group: link.group,
  alias: link.alias ?? '',
  ageingCentiseconds: link.bridge?.ageingCentiseconds ?? -1,
  stp: link.bridge?.stp ?? false,
  mcastSnooping: link.bridge?.mcastSnooping ?? false,
  up: link.up,
})

/** A tap that is nobody's port has no port flags and no local entry: the kernel gives it these with its place. */
function portStateOf(link: Link, { observed, byIndex }: View): PortState {
  const bridge = link.master === null ? null : (byIndex.get(link.master)?.name ?? null)
  const isLocalEntry = (row: FdbEntry) =>
    row.mac === link.mac && row.link === link.index && row.state === 'permanent'
  return {
    bridge,
    mac: link.mac ?? '',
    mtu: link.mtu,
    group: link.group,
    alias: link.alias ?? '',
    isolated: link.port?.isolated ?? false,
    learning: link.port?.learning ?? true,
    flood: link.port?.flood ?? true,
    local: bridge === null || observed.fdb.some(isLocalEntry),
    up: link.up,
  }
}

const same = <T extends object>(a: T, b: T): boolean =>
  (Object.keys(b) as (keyof T)[]).every((key) => a[key] === b[key])
