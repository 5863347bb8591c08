// A guest's kernel command line: what its image needs, and one `ip=` for each network card.
import type { Ipv4 } from './address.ts'
import { netmask } from './address.ts'
import type { VmmKind } from './desired.ts'

/** Firecracker takes at most 2048 bytes with the closing NUL (linux-loader). */
export const BOOT_ARGS_MAX = 2047

/**
 * The built-in guest's arguments: serial console; a reset that ends the VMM (`reboot=k`, and at a panic);
 * and what saves boot time (self-tests of ciphers 0.3 s, zeroing of pages).
 */
const BUILT_IN =
  'console=ttyS0 quiet reboot=k panic=1 cryptomgr.notests init_on_alloc=0 audit=0 8250.nr_uarts=1 random.trust_cpu=on'

/** A kernel of the user's own: Firecracker's documented minimum. */
const OWN = 'console=ttyS0 reboot=k panic=1'

export interface CardAddress {
  readonly ip: Ipv4
  readonly prefix: number
  readonly gateway: Ipv4
}

/**
 * One card in the kernel's own syntax, `ip=client:server:gateway:netmask:host:device:autoconf`
 * (Documentation/admin-guide/nfs/nfsroot.rst). Only the first card brings the default route.
 */
const ipArgument = (host: string, card: CardAddress, n: number): string =>
  `ip=${card.ip}::${n === 0 ? card.gateway : ''}:${netmask(card.prefix)}:${host}:eth${n}:off`

/** The whole line. `own` are the user's `bootArgs`; an `ip=` of theirs is left to rule alone. */
export function bootArgs(guest: {
  readonly name: string
  readonly image: 'built-in' | 'own'
  readonly vmm: VmmKind
  readonly own: string | undefined
  readonly cards: readonly CardAddress[]
}): string {
  const base = guest.image === 'built-in' ? BUILT_IN : OWN
  const own = guest.own ?? ''
  // Firecracker has no line of its own for the agent, so it shares the serial console.
  const agent = guest.vmm === 'firecracker' ? 'ml.agent=ttyS0' : ''
  const start = guest.image === 'built-in' ? `${base} ${agent} ${own}` : own || base
  const cards = /(^|\s)ip=/.test(own) ? [] : guest.cards.map((card, n) => ipArgument(guest.name, card, n))
  return [start.replace(/ +/g, ' ').trim(), ...cards].join(' ')
}
