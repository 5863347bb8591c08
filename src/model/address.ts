// IPv4 addresses and subnets as values. Text outside, numbers only inside this file.

/** A dotted quad in its shortest form, made only by this file. */
export type Ipv4 = string & { readonly brand: 'Ipv4' }

/** A range with its network address, e.g. 172.30.0.0/24. */
export interface Subnet {
  readonly address: Ipv4
  /** Bits, 0–32. */
  readonly prefix: number
}

const toNumber = (ip: string): number => ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)

const fromNumber = (value: number): Ipv4 =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.') as Ipv4

const sizeOf = (prefix: number): number => 2 ** (32 - prefix)

export const ipv4Bytes = (ip: Ipv4): readonly number[] => ip.split('.').map(Number)

/** Null unless four decimal bytes without leading zeros (which some programs read as octal). */
export function parseIpv4(text: string): Ipv4 | null {
  const bytes = text.split('.')
  const good =
    bytes.length === 4 && bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)
  return good ? (text as Ipv4) : null
}

/** `a.b.c.d/n`; the address may have host bits, see {@link networkOf}. Null when it is not that. */
export function parseSubnet(text: string): Subnet | null {
  const [address, prefix, ...rest] = text.split('/')
  const ip = parseIpv4(address ?? '')
  if (!ip || rest.length > 0 || !/^\d{1,2}$/.test(prefix ?? '') || Number(prefix) > 32) return null
  return { address: ip, prefix: Number(prefix) }
}

/** The same range with the host bits cleared. */
export function networkOf(subnet: Subnet): Subnet {
  const size = sizeOf(subnet.prefix)
  return {
    address: fromNumber(Math.floor(toNumber(subnet.address) / size) * size),
    prefix: subnet.prefix,
  }
}

export const formatSubnet = (subnet: Subnet): string => `${subnet.address}/${subnet.prefix}`

export const netmask = (prefix: number): Ipv4 => fromNumber(2 ** 32 - sizeOf(prefix))

export const contains = (subnet: Subnet, ip: Ipv4): boolean =>
  networkOf({ address: ip, prefix: subnet.prefix }).address === networkOf(subnet).address

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.prefix <= b.prefix ? contains(a, b.address) : contains(b, a.address)
}

/** The n-th address of a subnet; 0 is the network's own. */
export const nth = (subnet: Subnet, n: number): Ipv4 => fromNumber(toNumber(networkOf(subnet).address) + n)

/** Which address of its subnet this is; the inverse of {@link nth}. */
export const offsetIn = (subnet: Subnet, ip: Ipv4): number =>
  toNumber(ip) - toNumber(networkOf(subnet).address)

/** The last address, which all of the subnet's machines hear. */
export const broadcastOf = (subnet: Subnet): Ipv4 => nth(subnet, sizeOf(subnet.prefix) - 1)

/** How many machines fit besides the gateway: without network and broadcast address. */
export const guestCapacity = (subnet: Subnet): number => Math.max(0, sizeOf(subnet.prefix) - 3)

/** All subnets of `prefix` bits inside `pool`, lowest first. */
export function* subnetsOf(pool: Subnet, prefix: number): Generator<Subnet> {
  const size = sizeOf(prefix)
  for (let at = 0; at < sizeOf(pool.prefix); at += size) yield { address: nth(pool, at), prefix }
}
