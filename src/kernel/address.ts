// Addresses and routes of the host (linux/if_addr.h, linux/rtnetlink.h).
import type { Address, Route } from '../model/observed.ts'
import type { Netlink, Request } from '../sys/netlink.ts'
import { attribute, attributes } from '../sys/wire.ts'
import { formatIp, parseIp } from './ip.ts'

const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const RTM_GETROUTE = 26
const NLM_F_EXCL = 0x200
const NLM_F_CREATE = 0x400
const AF_INET = 2
const AF_INET6 = 10
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, TABLE: 15 } as const

export interface AddressSpec {
  /** ifindex. */
  readonly link: number
  readonly address: string
  readonly prefix: number
}

/** ifaddrmsg: family, prefix, flags, scope, index. */
function header(family: number, prefix: number, link: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes[0] = family
  bytes[1] = prefix
  bytes.writeUInt32LE(link, 4)
  return bytes
}

function payloadOf({ link, address, prefix }: AddressSpec): Buffer {
  const bytes = parseIp(address)
  const v4 = bytes.length === 4
  const parts = [
    header(v4 ? AF_INET : AF_INET6, prefix, link),
    attribute(IFA.LOCAL, bytes),
    attribute(IFA.ADDRESS, bytes),
  ]
  if (v4 && prefix < 31) {
    // The address with all host bits set, as `brd +` has it.
    const broadcast = Buffer.alloc(4)
    broadcast.writeUInt32BE((bytes.readUInt32BE() | (2 ** (32 - prefix) - 1)) >>> 0)
    parts.push(attribute(IFA.BROADCAST, broadcast))
  }
  return Buffer.concat(parts)
}

export const addAddress = (spec: AddressSpec): Request => ({
  label: `add address ${spec.address}/${spec.prefix}`,
  type: RTM_NEWADDR,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: payloadOf(spec),
})

export const deleteAddress = (spec: AddressSpec): Request => ({
  label: `delete address ${spec.address}/${spec.prefix}`,
  type: RTM_DELADDR,
  flags: 0,
  payload: payloadOf(spec),
})

export function dumpAddresses(netlink: Netlink): readonly Address[] {
  const request = { label: 'list addresses', type: RTM_GETADDR, flags: 0, payload: header(0, 0, 0) }
  return netlink.dump(request).flatMap(({ payload }) => {
    const found = attributes(payload, 8)
    // Of a point-to-point address, ADDRESS is the peer's and LOCAL our own; IPv6 has only ADDRESS.
    const address = found.get(IFA.LOCAL) ?? found.get(IFA.ADDRESS)
    if (!address) return []
    const family = payload[0] === AF_INET ? (4 as const) : (6 as const)
    return [{ link: payload.readUInt32LE(4), family, address: formatIp(address), prefix: payload[1]! }]
  })
}

/** Routes of all tables, both families. */
export function dumpRoutes(netlink: Netlink): readonly Route[] {
  return [AF_INET, AF_INET6].flatMap((family) => {
    // rtmsg: family, destination length, source length, tos, table, protocol, scope, type, flags.
    const payload = Buffer.alloc(12)
    payload[0] = family
    const request = { label: 'list routes', type: RTM_GETROUTE, flags: 0, payload }
    return netlink.dump(request).map((message) => parseRoute(message.payload, family))
  })
}

function parseRoute(payload: Buffer, family: number): Route {
  const found = attributes(payload, 12)
  const gateway = found.get(RTA.GATEWAY)
  return {
    family: family === AF_INET ? 4 : 6,
    destination: formatIp(found.get(RTA.DST) ?? Buffer.alloc(family === AF_INET ? 4 : 16)),
    prefix: payload[1]!,
    gateway: gateway ? formatIp(gateway) : null,
    link: found.get(RTA.OIF)?.readUInt32LE() ?? null,
    table: found.get(RTA.TABLE)?.readUInt32LE() ?? payload[4]!,
  }
}
