// Interface names: at most 15 bytes, derived, stable, and readable as long as they fit.
import { hash } from './hash.ts'

/** `IFNAMSIZ` is 16 with the closing NUL (linux/if.h). */
export const IFNAME_MAX = 15

/** Longest bridge name that leaves its taps room for `_` and an offset of four digits. */
const BRIDGE_MAX = 10

/** Why the kernel would refuse this name (dev_valid_name, net/core/dev.c), as a sentence's end; null when fine. */
export function ifnameFault(name: string): string | null {
  if (name === '') return 'it is empty'
  const bytes = new TextEncoder().encode(name).length
  if (bytes > IFNAME_MAX) return `it has ${bytes} bytes, and an interface name has at most ${IFNAME_MAX}`
  if (name === '.' || name === '..' || /[\s/:%]/.test(name))
    return 'an interface name has no spaces, slashes, colons or percent signs'
  return null
}

const short = (text: string): string => hash(text).toString(36).padStart(7, '0')

/** `ml-<network>` where that fits and `isFree` agrees, else `ml-` and a hash of lab and network. */
export function bridgeName(lab: string, network: string, isFree: (name: string) => boolean): string {
  const readable = `ml-${network}`
  return readable.length <= BRIDGE_MAX && isFree(readable) ? readable : `ml-${short(`${lab}/${network}`)}`
}

/** `<bridge>_<n>`, n being the guest's place in the subnet: ml-lan_2 is 172.30.0.2. */
export function tapName(bridge: string, n: number): string {
  const name = `${bridge}_${n}`
  return name.length <= IFNAME_MAX ? name : `ml${short(bridge)}_${n.toString(36)}`
}
