// Ethernet addresses, and the one rule that makes a LAN of taps work: a guest's is never its tap's.
import type { Ipv4 } from './address.ts'
import { ipv4Bytes } from './address.ts'

/** A lower-case `aa:bb:cc:dd:ee:ff`, made only by this file. */
export type Mac = string & { readonly brand: 'Mac' }

/** Firecracker's metadata service answers under this address on every guest's link (mmds, dumbo). */
const MMDS_MAC = '06:01:23:45:67:01'

/** Six colon-separated hex bytes, any case; null when it is not an Ethernet address. */
export function parseMac(text: string): Mac | null {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? (text.toLowerCase() as Mac) : null
}

const formatMac = (bytes: readonly number[]): Mac =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':') as Mac

/**
 * The address a guest gets unless its file says otherwise: `06:00:` and the four bytes of its IPv4 address.
 * Locally administered and unicast; Firecracker's demo images configure themselves from exactly this.
 */
export const guestMac = (ip: Ipv4): Mac => formatMac([0x06, 0x00, ...ipv4Bytes(ip)])

/**
 * The tap's own address: the guest's with first byte `fe`, or `fa` when the guest's is `fe`.
 *
 * A port's address is a *local* entry of the bridge's forwarding database: frames to it go up to the host and
 * are never sent out of the port (br_fdb_add_local, net/bridge/br_fdb.c). So it must not be the guest's. And
 * it must not be the lowest on the bridge, whose own address would follow it. libvirt has the same rule.
 */
export const tapMac = (guest: Mac): Mac => `${guest.startsWith('fe') ? 'fa' : 'fe'}${guest.slice(2)}` as Mac

/** The bridge's own, fixed address: `02:6d:` and its gateway's IPv4 address. A bridge without one borrows a port's. */
export const bridgeMac = (gateway: Ipv4): Mac => formatMac([0x02, 0x6d, ...ipv4Bytes(gateway)])

/** Why no guest can use this address at all, as the end of a sentence; null when it can. */
export function macFault(mac: Mac): string | null {
  if (mac === '00:00:00:00:00:00') return 'it is all zeros, and a bridge drops frames that come from it'
  if (Number.parseInt(mac.slice(0, 2), 16) & 1)
    return 'it is a multicast address (its first byte is odd), and a bridge drops frames that come from one'
  if (mac === MMDS_MAC) return "it is the address of Firecracker's metadata service on the guest's own link"
  return null
}
