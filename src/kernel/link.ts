// Links: bridges, and taps as their ports. Builders are values; only `dumpLinks` reads.
// Numbers are those of linux/if_link.h and linux/rtnetlink.h.
import type { BridgeAttributes, Link, PortAttributes, TunAttributes } from '../model/observed.ts'
import type { Netlink, Request } from '../sys/netlink.ts'
import { attribute, attributes, nested, readText, text, u8, u32 } from '../sys/wire.ts'

const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const NLM_F_EXCL = 0x200
const NLM_F_CREATE = 0x400
const IFF_UP = 1
const IFF_LOWER_UP = 0x10000

const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  LINKINFO: 18,
  IFALIAS: 20,
  AF_SPEC: 26,
  GROUP: 27,
} as const
const AF_INET6 = 10
const IFLA_INET6_ADDR_GEN_MODE = 8
const IFLA_INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const
const IFLA_BR = { FORWARD_DELAY: 1, AGEING_TIME: 4, STP_STATE: 5, MCAST_SNOOPING: 23 } as const
const IFLA_BRPORT = { STATE: 1, LEARNING: 8, UNICAST_FLOOD: 9, ISOLATED: 33 } as const
const IFLA_TUN = { OWNER: 1, TYPE: 3, PERSIST: 6, MULTI_QUEUE: 7 } as const

/** ifinfomsg: family, type, index, flags, change mask. */
function header(index: number, flags = 0, change = 0): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(index, 4)
  bytes.writeUInt32LE(flags, 8)
  bytes.writeUInt32LE(change, 12)
  return bytes
}

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex')

export interface BridgeSettings {
  readonly mac: string
  readonly mtu: number
  readonly group: number
  readonly ageingCentiseconds: number
  readonly stp: boolean
  readonly mcastSnooping: boolean
}

const bridgeData = (bridge: Pick<BridgeSettings, 'ageingCentiseconds' | 'stp' | 'mcastSnooping'>): Buffer =>
  nested(
    IFLA.LINKINFO,
    attribute(IFLA_INFO.KIND, text('bridge')),
    nested(
      IFLA_INFO.DATA,
      attribute(IFLA_BR.AGEING_TIME, u32(bridge.ageingCentiseconds)),
      attribute(IFLA_BR.STP_STATE, u32(Number(bridge.stp))),
      attribute(IFLA_BR.MCAST_SNOOPING, u8(Number(bridge.mcastSnooping))),
    ),
  )

/**
 * A new bridge, down. Its address is given at once: one that it has to borrow changes with its ports, and
 * every guest that cached it is cut off for 41 s.
 */
export const addBridge = (name: string, settings: BridgeSettings): Request => ({
  label: `add bridge ${name}`,
  type: RTM_NEWLINK,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: Buffer.concat([
    header(0),
    attribute(IFLA.IFNAME, text(name)),
    attribute(IFLA.ADDRESS, macBytes(settings.mac)),
    attribute(IFLA.MTU, u32(settings.mtu)),
    attribute(IFLA.GROUP, u32(settings.group)),
    bridgeData(settings),
  ]),
})

/** A link by its number, or by its name in the very batch that makes it. */
export type LinkTarget = { readonly name: string; readonly index?: number }

const target = ({ name, index }: LinkTarget, flags = 0, change = 0): readonly Buffer[] =>
  index === undefined
    ? [header(0, flags, change), attribute(IFLA.IFNAME, text(name))]
    : [header(index, flags, change)]

export interface LinkChange {
  readonly mac?: string
  readonly mtu?: number
  readonly group?: number
  readonly alias?: string
  /** ifindex of a bridge; null makes it nobody's port. */
  readonly master?: number | null
  /** `none`: the kernel gives the device no IPv6 address of its own, which guests could reach the host by. */
  readonly linkLocal?: 'none'
}

const set = (link: LinkTarget, parts: readonly Buffer[], up?: boolean): Request => ({
  label: `set ${link.name}`,
  type: RTM_NEWLINK,
  flags: 0,
  payload: Buffer.concat([
    ...(up === undefined ? target(link) : target(link, up ? IFF_UP : 0, IFF_UP)),
    ...parts,
  ]),
})

export const setLink = (link: LinkTarget, change: LinkChange): Request =>
  set(link, [
    ...(change.mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(change.mac))]),
    ...(change.mtu === undefined ? [] : [attribute(IFLA.MTU, u32(change.mtu))]),
    ...(change.group === undefined ? [] : [attribute(IFLA.GROUP, u32(change.group))]),
    ...(change.alias === undefined ? [] : [attribute(IFLA.IFALIAS, Buffer.from(change.alias))]),
    ...(change.linkLocal === undefined
      ? []
      : [nested(IFLA.AF_SPEC, nested(AF_INET6, attribute(IFLA_INET6_ADDR_GEN_MODE, u8(1))))]),
    ...(change.master === undefined ? [] : [attribute(IFLA.MASTER, u32(change.master ?? 0))]),
  ])

export const setLinkUp = (link: LinkTarget, up: boolean): Request => set(link, [], up)

export const setBridge = (
  link: LinkTarget,
  bridge: Pick<BridgeSettings, 'ageingCentiseconds' | 'stp' | 'mcastSnooping'>,
): Request => set(link, [bridgeData(bridge)])

/**
 * A port's flags, and up or down in the same message, so that it never forwards without them. Cannot share a
 * message with its master: the kernel looks for the port before it makes one (do_setlink, rtnetlink.c).
 */
export const setPort = (
  link: LinkTarget,
  port: Pick<PortAttributes, 'isolated' | 'learning' | 'flood'> & { readonly up: boolean },
): Request =>
  set(
    link,
    [
      nested(
        IFLA.LINKINFO,
        attribute(IFLA_INFO.SLAVE_KIND, text('bridge')),
        nested(
          IFLA_INFO.SLAVE_DATA,
          attribute(IFLA_BRPORT.LEARNING, u8(Number(port.learning))),
          attribute(IFLA_BRPORT.UNICAST_FLOOD, u8(Number(port.flood))),
          attribute(IFLA_BRPORT.ISOLATED, u8(Number(port.isolated))),
        ),
      ),
    ],
    port.up,
  )

export const deleteLink = (link: LinkTarget): Request => ({
  label: `delete ${link.name}`,
  type: RTM_DELLINK,
  flags: 0,
  payload: Buffer.concat(target(link)),
})

/** All links of a group in one go, for one RCU wait. Group 0 is everything else on the host, and is refused. */
export function deleteGroup(group: number): Request {
  if (group === 0) throw new RangeError('link group 0 is the default group of all links')
  const payload = Buffer.concat([header(0), attribute(IFLA.GROUP, u32(group))])
  return { label: `delete link group ${group}`, type: RTM_DELLINK, flags: 0, payload }
}

/** Every link of the namespace. */
export function dumpLinks(netlink: Netlink): readonly Link[] {
  const request = { label: 'list links', type: RTM_GETLINK, flags: 0, payload: header(0) }
  return netlink.dump(request).map(({ payload }) => parseLink(payload))
}

function parseLink(payload: Buffer): Link {
  const found = attributes(payload, 16)
  const flags = payload.readUInt32LE(8)
  const info = attributes(found.get(IFLA.LINKINFO) ?? Buffer.alloc(0))
  const kind = info.get(IFLA_INFO.KIND)
  const name = kind ? readText(kind) : null
  const data = attributes(info.get(IFLA_INFO.DATA) ?? Buffer.alloc(0))
  const slave = info.get(IFLA_INFO.SLAVE_KIND)
  const port = slave && readText(slave) === 'bridge' ? info.get(IFLA_INFO.SLAVE_DATA) : undefined
  const mac = found.get(IFLA.ADDRESS)
  const alias = found.get(IFLA.IFALIAS)
  return {
    index: payload.readInt32LE(4),
    name: readText(found.get(IFLA.IFNAME)!),
    kind: name,
    mac: mac?.length === 6 ? mac.toString('hex').replace(/..(?!$)/g, '$&:') : null,
    mtu: found.get(IFLA.MTU)!.readUInt32LE(),
    group: found.get(IFLA.GROUP)?.readUInt32LE() ?? 0,
    alias: alias ? readText(alias) : null,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    master: found.get(IFLA.MASTER)?.readUInt32LE() ?? null,
    bridge: name === 'bridge' ? parseBridge(data) : null,
    port: port ? parsePort(attributes(port)) : null,
    tun: name === 'tun' ? parseTun(data) : null,
  }
}

const parseBridge = (data: ReadonlyMap<number, Buffer>): BridgeAttributes => ({
  ageingCentiseconds: data.get(IFLA_BR.AGEING_TIME)?.readUInt32LE() ?? 0,
  stp: (data.get(IFLA_BR.STP_STATE)?.readUInt32LE() ?? 0) !== 0,
  mcastSnooping: (data.get(IFLA_BR.MCAST_SNOOPING)?.[0] ?? 0) !== 0,
})

/** BR_STATE_* of linux/if_bridge.h, by number. */
const STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const

const parsePort = (data: ReadonlyMap<number, Buffer>): PortAttributes => ({
  state: STATES[data.get(IFLA_BRPORT.STATE)?.[0] ?? 0] ?? 'disabled',
  isolated: data.get(IFLA_BRPORT.ISOLATED)?.[0] === 1,
  learning: data.get(IFLA_BRPORT.LEARNING)?.[0] === 1,
  flood: data.get(IFLA_BRPORT.UNICAST_FLOOD)?.[0] === 1,
})

const parseTun = (data: ReadonlyMap<number, Buffer>): TunAttributes => ({
  // IFF_TUN is 1, IFF_TAP is 2.
  mode: data.get(IFLA_TUN.TYPE)?.[0] === 2 ? 'tap' : 'tun',
  owner: data.get(IFLA_TUN.OWNER)?.readUInt32LE() ?? null,
  persistent: data.get(IFLA_TUN.PERSIST)?.[0] === 1,
  multiQueue: data.get(IFLA_TUN.MULTI_QUEUE)?.[0] === 1,
})
