// Steps on links, addresses and the firewall, done in as few messages as the kernel allows.
import { addAddress, deleteAddress } from '../kernel/address.ts'
import { addLocalFdb, deleteFdb } from '../kernel/fdb.ts'
import type { LinkTarget } from '../kernel/link.ts'
import {
  addBridge,
  deleteGroup,
  deleteLink,
  dumpLinks,
  setBridge,
  setLink,
  setLinkUp,
  setPort,
} from '../kernel/link.ts'
import { NewTap } from '../kernel/tap.ts'
import type { Link } from '../model/observed.ts'
import { addPorts, deletePorts, readFirewall } from '../nft/element.ts'
import type { BridgeState, PortState, StepOf } from '../plan/step.ts'
import type { Netlink, Request } from '../sys/netlink.ts'

/** The two sockets that all of it goes through. */
export interface Sockets {
  readonly route: Netlink
  readonly netfilter: Netlink
}

type Links = ReadonlyMap<string, Link>

const linksByName = ({ route }: Sockets): Links => new Map(dumpLinks(route).map((link) => [link.name, link]))

/** Group of taps on their way out. Whoever finds one in it may delete it: nobody needs them any more. */
const TRASH_GROUP = 0x6d6c0001

export function performAddBridges({ route }: Sockets, steps: readonly StepOf<'add-bridge'>[]): void {
  route.transact(
    steps.flatMap(({ bridge: name, state }) => [
      addBridge(name, state),
      // An alias cannot come with a new link; in one send, there is no moment without it either.
      setLink({ name }, { alias: state.alias }),
      setLinkUp({ name }, state.up),
    ]),
  )
}

export function performSetBridges({ route }: Sockets, steps: readonly StepOf<'set-bridge'>[]): void {
  route.transact(steps.flatMap(({ bridge, from, to }) => bridgeRequests({ name: bridge }, from, to)))
}

function bridgeRequests(link: LinkTarget, from: BridgeState, to: BridgeState): readonly Request[] {
  return [
    setLink(link, {
      // Written only when it differs: writing the same address again still tells everybody that it changed.
      ...(from.mac === to.mac ? {} : { mac: to.mac }),
      mtu: to.mtu,
      group: to.group,
      alias: to.alias,
    }),
    setBridge(link, to),
    setLinkUp(link, to.up),
  ]
}

export function performAddresses(
  sockets: Sockets,
  steps: readonly (StepOf<'add-address'> | StepOf<'remove-address'>)[],
): void {
  const links = linksByName(sockets)
  const requests = steps.flatMap((step) => {
    const link = links.get(step.bridge)
    // A bridge that is gone took its addresses along.
    if (!link && step.kind === 'remove-address') return []
    const spec = { link: link?.index ?? 0, address: step.ip, prefix: step.prefix }
    return [step.kind === 'add-address' ? addAddress(spec) : deleteAddress(spec)]
  })
  sockets.route.transact(requests)
}

/**
 * New taps, each in its place before it is kept: until then a tap vanishes with the process that made it, so
 * that a kill at any moment leaves none behind.
 */
export function performAddPorts(sockets: Sockets, steps: readonly StepOf<'add-port'>[]): void {
  using taps = new DisposableStack()
  const made = steps.map(({ tap }) => taps.use(NewTap.open(tap)))
  const links = linksByName(sockets)
  sockets.route.transact(
    steps.flatMap(({ tap, state }) => portRequests(links.get(tap)!, { links, state, wasLocal: true })),
  )
  for (const tap of made) tap.keep()
}

export function performSetPorts(sockets: Sockets, steps: readonly StepOf<'set-port'>[]): void {
  const links = linksByName(sockets)
  const requests = steps.flatMap(({ tap, from, to }) => {
    const link = links.get(tap)!
    // A new place or address makes the kernel make a new local entry.
    const wasLocal = from.local || from.bridge !== to.bridge || from.mac !== to.mac
    return portRequests(link, { links, state: to, wasLocal })
  })
  sockets.route.transact(requests)
}

function portRequests(
  link: Link,
  {
    links,
    state,
    wasLocal,
  }: { readonly links: Links; readonly state: PortState; readonly wasLocal: boolean },
): readonly Request[] {
  const bridge = state.bridge === null ? null : (links.get(state.bridge)?.index ?? 0)
  const entry = { mac: state.mac, link: link.index, name: link.name }
  return [
    setLink(link, {
      ...(link.mac === state.mac ? {} : { mac: state.mac }),
      mtu: state.mtu,
      group: state.group,
      alias: state.alias,
      linkLocal: 'none',
      // Enslaving to the same bridge again would make its forwarding entries anew.
      ...(link.master === bridge ? {} : { master: bridge }),
    }),
    ...(bridge === null ? [setLinkUp(link, state.up)] : [setPort(link, state)]),
    ...(bridge !== null && wasLocal && !state.local ? [deleteFdb(entry)] : []),
    ...(bridge !== null && !wasLocal && state.local ? [addLocalFdb(entry)] : []),
  ]
}

/**
 * Into the trash first, which stops their traffic at once; then all in one delete, for one RCU wait. Only what
 * bears our alias: an undo may name a tap that could not be made because somebody else has its name.
 */
export async function performRemovePorts(
  sockets: Sockets,
  steps: readonly StepOf<'remove-port'>[],
): Promise<void> {
  const links = linksByName(sockets)
  const doomed = steps.flatMap(({ tap, was }) => owned(links, tap, was.alias))
  if (doomed.length === 0) return
  sockets.route.transact(
    doomed.flatMap((link) => [setLinkUp(link, false), setLink(link, { group: TRASH_GROUP, master: null })]),
  )
  await sockets.route.transactAsync([deleteGroup(TRASH_GROUP)])
}

export async function performRemoveBridges(
  sockets: Sockets,
  steps: readonly StepOf<'remove-bridge'>[],
): Promise<void> {
  const links = linksByName(sockets)
  const doomed = steps.flatMap(({ bridge, was }) => owned(links, bridge, was.alias))
  await sockets.route.transactAsync(doomed.map((link) => deleteLink(link)))
}

export async function performRemoveNetworks(
  sockets: Sockets,
  steps: readonly StepOf<'remove-network'>[],
): Promise<void> {
  const all = [...linksByName(sockets).values()]
  for (const { group, bridge, ports } of steps) {
    const aliases = new Set([bridge.was.alias, ...ports.map(({ was }) => was.alias)])
    const members = all.filter((link) => link.group === group)
    // Somebody may have put a link of theirs into our group since the plan was made.
    const strangers = members.some(({ alias }) => alias === null || !aliases.has(alias))
    if (strangers) {
      await performRemovePorts(sockets, ports)
      await performRemoveBridges(sockets, [bridge])
    } else if (members.length > 0) await sockets.route.transactAsync([deleteGroup(group)])
  }
}

const owned = (links: Links, name: string, alias: string): readonly Link[] => {
  const link = links.get(name)
  return link?.alias === alias ? [link] : []
}

export function performAllowPorts({ netfilter }: Sockets, steps: readonly StepOf<'allow-port'>[]): void {
  netfilter.transact(addPorts(steps))
}

export function performForbidPorts({ netfilter }: Sockets, steps: readonly StepOf<'forbid-port'>[]): void {
  // Only what is there: an absent element would fail the whole batch.
  const present = new Set((readFirewall(netfilter)?.ports ?? []).map(({ tap, mac }) => `${tap} ${mac}`))
  netfilter.transact(deletePorts(steps.filter(({ tap, mac }) => present.has(`${tap} ${mac}`))))
}
