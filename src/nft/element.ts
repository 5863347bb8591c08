// Elements of our sets, by nfnetlink: which MAC may come from which tap (linux/netfilter/nf_tables.h).
import { TABLE } from '../model/firewall-table.ts'
import type { Firewall, FirewallPort } from '../model/observed.ts'
import type { Netlink, Request } from '../sys/netlink.ts'
import { KernelError } from '../sys/netlink.ts'
import { attribute, attributes, eachAttribute, nested, readText, text } from '../sys/wire.ts'

const NFNL_SUBSYS_NFTABLES = 10
const NFNL_MSG_BATCH_BEGIN = 16
const NFNL_MSG_BATCH_END = 17
const NFT_MSG = { NEWSETELEM: 12, GETSETELEM: 13, DELSETELEM: 14 } as const
const NFPROTO_BRIDGE = 7
const NLM_F_CREATE = 0x400
const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const
const NFTA_LIST_ELEM = 1
const NFTA_SET_ELEM_KEY = 1
const NFTA_DATA_VALUE = 1
const ENOENT = 2

/** nfgenmsg: family, version, resource. */
function header(family: number, resource = 0): Buffer {
  const bytes = Buffer.alloc(4)
  bytes[0] = family
  bytes.writeUInt16BE(resource, 2)
  return bytes
}

/** An interface name as nft keys it: sixteen bytes, the rest zero. */
function ifnameKey(name: string): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.write(name)
  return bytes
}

/** Each part of a concatenation is padded to four bytes: six of a MAC take eight. */
function portKey({ tap, mac }: FirewallPort): Buffer {
  const address = Buffer.alloc(8)
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(address)
  return Buffer.concat([ifnameKey(tap), address])
}

const mark = (type: number): Request => ({
  label: 'nftables batch',
  type,
  flags: 0,
  payload: header(0, NFNL_SUBSYS_NFTABLES),
  silent: true,
})

function elements(verb: 'NEWSETELEM' | 'DELSETELEM', set: string, keys: readonly Buffer[]): Request {
  const list = keys.map((key) =>
    nested(NFTA_LIST_ELEM, nested(NFTA_SET_ELEM_KEY, attribute(NFTA_DATA_VALUE, key))),
  )
  return {
    label: `${verb === 'NEWSETELEM' ? 'add to' : 'delete from'} set ${set} of table bridge ${TABLE}`,
    type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG[verb],
    // Without NLM_F_EXCL an element that is there already is no error.
    flags: verb === 'NEWSETELEM' ? NLM_F_CREATE : 0,
    payload: Buffer.concat([
      header(NFPROTO_BRIDGE),
      attribute(NFTA_SET_ELEM_LIST.TABLE, text(TABLE)),
      attribute(NFTA_SET_ELEM_LIST.SET, text(set)),
      nested(NFTA_SET_ELEM_LIST.ELEMENTS, ...list),
    ]),
  }
}

const batch = (verb: 'NEWSETELEM' | 'DELSETELEM', ports: readonly FirewallPort[]): readonly Request[] =>
  ports.length === 0
    ? []
    : [
        mark(NFNL_MSG_BATCH_BEGIN),
        elements(
          verb,
          'taps',
          ports.map(({ tap }) => ifnameKey(tap)),
        ),
        elements(verb, 'ports', ports.map(portKey)),
        mark(NFNL_MSG_BATCH_END),
      ]

/** All of them or none (an nfnetlink batch is a transaction). At most some 500: a list's length has 16 bits. */
export const addPorts = (ports: readonly FirewallPort[]): readonly Request[] => batch('NEWSETELEM', ports)

/** As {@link addPorts}; an element that is not there fails the batch, see {@link readFirewall}. */
export const deletePorts = (ports: readonly FirewallPort[]): readonly Request[] => batch('DELSETELEM', ports)

/** What stands in the sets; null when the table is not there. */
export function readFirewall(netlink: Netlink): Firewall | null {
  const request: Request = {
    label: `list set ports of table bridge ${TABLE}`,
    type: (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG.GETSETELEM,
    flags: 0,
    payload: Buffer.concat([
      header(NFPROTO_BRIDGE),
      attribute(NFTA_SET_ELEM_LIST.TABLE, text(TABLE)),
      attribute(NFTA_SET_ELEM_LIST.SET, text('ports')),
    ]),
  }
  try {
    return { ports: netlink.dump(request).flatMap(({ payload }) => parseElements(payload)) }
  } catch (error) {
    if (error instanceof KernelError && error.errno === ENOENT) return null
    throw error
  }
}

function parseElements(payload: Buffer): readonly FirewallPort[] {
  const list = attributes(payload, 4).get(NFTA_SET_ELEM_LIST.ELEMENTS) ?? Buffer.alloc(0)
  return [...eachAttribute(list)].flatMap(([, element]) => {
    const key = attributes(attributes(element).get(NFTA_SET_ELEM_KEY) ?? Buffer.alloc(0)).get(NFTA_DATA_VALUE)
    if (!key) return []
    const mac = key
      .subarray(16, 22)
      .toString('hex')
      .replace(/..(?!$)/g, '$&:')
    return [{ tap: readText(key.subarray(0, 16)), mac }]
  })
}
