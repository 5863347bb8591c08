// The forwarding database of bridges (linux/neighbour.h, net/bridge/br_fdb.c).
import type { FdbEntry } from '../model/observed.ts'
import type { Netlink, Request } from '../sys/netlink.ts'
import { attribute, attributes } from '../sys/wire.ts'

const RTM_NEWNEIGH = 28
const RTM_DELNEIGH = 29
const RTM_GETNEIGH = 30
const NLM_F_REPLACE = 0x100
const NLM_F_CREATE = 0x400
const AF_BRIDGE = 7
const NDA_LLADDR = 2
const NDA_MASTER = 9
const NTF_MASTER = 4
const NUD_NOARP = 0x40
const NUD_PERMANENT = 0x80

export interface FdbSpec {
  readonly mac: string
  /** The port. */
  readonly link: number
  /** Its name, for errors. */
  readonly name: string
}

/** ndmsg: family, index, state, flags, type. */
function header(link: number, state: number, flags: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes[0] = AF_BRIDGE
  bytes.writeInt32LE(link, 4)
  bytes.writeUInt16LE(state, 8)
  bytes[10] = flags
  return bytes
}

const lladdr = (mac: string): Buffer => attribute(NDA_LLADDR, Buffer.from(mac.replaceAll(':', ''), 'hex'))

/** A permanent entry, which to a bridge means *local*: frames to it go up to the host and are never forwarded. */
export const addLocalFdb = ({ mac, link, name }: FdbSpec): Request => ({
  label: `add local entry ${mac} of ${name}`,
  type: RTM_NEWNEIGH,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  payload: Buffer.concat([header(link, NUD_PERMANENT, NTF_MASTER), lladdr(mac)]),
})

export const deleteFdb = ({ mac, link, name }: FdbSpec): Request => ({
  label: `delete entry ${mac} of ${name}`,
  type: RTM_DELNEIGH,
  flags: 0,
  payload: Buffer.concat([header(link, 0, NTF_MASTER), lladdr(mac)]),
})

/** The rows of all bridges. Rows of other devices' own filters (multicast lists) are left out. */
export function dumpFdb(netlink: Netlink): readonly FdbEntry[] {
  const request = {
    label: 'list forwarding databases',
    type: RTM_GETNEIGH,
    flags: 0,
    payload: header(0, 0, 0),
  }
  return netlink.dump(request).flatMap(({ payload }): FdbEntry[] => {
    const found = attributes(payload, 12)
    const bridge = found.get(NDA_MASTER)
    const mac = found.get(NDA_LLADDR)
    if (!bridge || !mac) return []
    const state = payload.readUInt16LE(8)
    return [
      {
        mac: mac.toString('hex').replace(/..(?!$)/g, '$&:'),
        link: payload.readInt32LE(4),
        bridge: bridge.readUInt32LE(),
        state: state & NUD_PERMANENT ? 'permanent' : state & NUD_NOARP ? 'static' : 'dynamic',
      },
    ]
  })
}
