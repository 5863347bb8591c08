// Each guest's place on each of its networks: address, MAC, tap. Fixed wishes first, then leases, then the next free.
import { MicrolanError } from '../errors.ts'
import type { Ipv4 } from './address.ts'
import { broadcastOf, contains, formatSubnet, guestCapacity, nth, offsetIn, parseIpv4 } from './address.ts'
import type { Network, Port } from './desired.ts'
import { aliasOf } from './desired.ts'
import { tapName } from './ifname.ts'
import type { LabFile } from './lab-file.ts'
import type { Mac } from './mac.ts'
import { guestMac, macFault, parseMac, tapMac } from './mac.ts'
import type { Context } from './resolve.ts'

/** One wish of one guest, as written. */
interface Place {
  readonly guest: string
  readonly network: Network
  readonly ip: string | undefined
  readonly mac: string
  readonly at: (key: 'ip' | 'mac') => string
}

/**
 * @throws ip-invalid, ip-outside-subnet, ip-reserved, ip-duplicate, subnet-full,
 *   mac-invalid, mac-unusable, mac-collision, mac-duplicate
 */
export function resolvePorts(file: LabFile, networks: readonly Network[], context: Context): readonly Port[] {
  const places = placesOf(file, networks)
  const ports = networks.flatMap((network) => {
    const here = places.filter((place) => place.network === network)
    const ips = assignIps(here, network, context)
    return here.map((place) => makePort(place, ips.get(place.guest)!, context))
  })
  checkMacs(ports, networks, places, context)
  // Back into the file's order: a guest's first network is its eth0.
  return places.map(
    (place) => ports.find((port) => port.guest === place.guest && port.network === place.network.name)!,
  )
}

function placesOf(file: LabFile, networks: readonly Network[]): readonly Place[] {
  return Object.entries(file.body.guests).flatMap(([guest, { networks: wishes }]) => {
    const entries = Array.isArray(wishes)
      ? wishes.map((name) => [name, null] as const)
      : Object.entries(wishes)
    return entries.map(
      ([name, wish]): Place => ({
        guest,
        network: networks.find((network) => network.name === name)!,
        ip: wish?.ip,
        mac: wish?.mac ?? 'auto',
        at: (key) => file.locate(['guests', guest, 'networks', name, key]),
      }),
    )
  })
}

function assignIps(places: readonly Place[], network: Network, context: Context): ReadonlyMap<string, Ipv4> {
  const ips = new Map<string, Ipv4>()
  const holders = new Map<Ipv4, string>()
  const give = (guest: string, ip: Ipv4) => {
    ips.set(guest, ip)
    holders.set(ip, guest)
  }
  for (const place of places) {
    if (place.ip === undefined) continue
    const ip = checkedIp(place, place.ip, network)
    const holder = holders.get(ip)
    if (holder !== undefined)
      throw wrong(
        place,
        'ip',
        'ip-duplicate',
        `guest "${holder}" has it already`,
        'Give one of them another.',
      )
    give(place.guest, ip)
  }
  const leased = context.leases.guests.filter(
    (lease) => lease.lab === context.lab && lease.network === network.name,
  )
  for (const place of places) {
    const ip = parseIpv4(leased.find((lease) => lease.guest === place.guest)?.ip ?? '')
    if (!ips.has(place.guest) && ip && !holders.has(ip) && ipFault(ip, network) === null)
      give(place.guest, ip)
  }
  // Addresses leased to guests that the file does not name now stay theirs as long as others are free.
  const reserved = new Set(leased.filter((lease) => !ips.has(lease.guest)).map((lease) => lease.ip))
  const waiting = places.filter((place) => !ips.has(place.guest))
  for (const avoid of [reserved, new Set<string>()]) {
    for (let n = 2; n < guestCapacity(network.subnet) + 2 && waiting.length > 0; n++) {
      const ip = nth(network.subnet, n)
      if (!holders.has(ip) && !avoid.has(ip)) give(waiting.shift()!.guest, ip)
    }
  }
  if (waiting.length > 0) throw full(waiting[0]!, network, places.length)
  return ips
}

function checkedIp(place: Place, text: string, network: Network): Ipv4 {
  const ip = parseIpv4(text)
  if (!ip)
    throw wrong(place, 'ip', 'ip-invalid', 'it is not an IPv4 address', 'Write four numbers from 0 to 255.')
  const fault = ipFault(ip, network)
  if (fault) {
    const range = `${nth(network.subnet, 2)} to ${nth(network.subnet, guestCapacity(network.subnet) + 1)}`
    throw wrong(place, 'ip', fault.code, fault.why, `Take one from ${range}, or leave it out.`)
  }
  return ip
}

function ipFault(ip: Ipv4, { subnet, gateway, name }: Network): { code: string; why: string } | null {
  if (!contains(subnet, ip))
    return { code: 'ip-outside-subnet', why: `network "${name}" is ${formatSubnet(subnet)}` }
  if (ip === gateway)
    return { code: 'ip-reserved', why: "it is the gateway's, the host's own on this network" }
  if (ip === nth(subnet, 0)) return { code: 'ip-reserved', why: "it is the network's own address" }
  if (ip === broadcastOf(subnet)) return { code: 'ip-reserved', why: 'it is the broadcast address' }
  return null
}

function makePort(place: Place, ip: Ipv4, { lab }: Context): Port {
  const { network, guest } = place
  const automatic = guestMac(ip)
  const given = place.mac === 'auto' || place.mac === 'tap' ? automatic : parseMac(place.mac)
  if (!given)
    throw wrong(
      place,
      'mac',
      'mac-invalid',
      'it is not six hex bytes with colons',
      `Write it like ${automatic}.`,
    )
  const fault = macFault(given)
  if (fault) throw wrong(place, 'mac', 'mac-unusable', fault, `Take another, for example ${automatic}.`)
  const tap = tapMac(given)
  return {
    network: network.name,
    guest,
    bridge: network.bridge,
    tap: tapName(network.bridge, offsetIn(network.subnet, ip)),
    tapMac: tap,
    mac: place.mac === 'tap' ? tap : given,
    ip,
    prefix: network.subnet.prefix,
    gateway: network.gateway,
    mtu: network.mtu,
    group: network.group,
    alias: aliasOf(lab, network.name, guest),
    mode: network.mode,
  }
}

/** No guest's address may be another's, a tap's or the bridge's: to a bridge, those mean the host. */
function checkMacs(
  ports: readonly Port[],
  networks: readonly Network[],
  places: readonly Place[],
  { macCollision }: Context,
): void {
  for (const port of ports) {
    const place = places.find((other) => other.guest === port.guest && other.network.name === port.network)!
    const here = ports.filter((other) => other.network === port.network)
    const twin = here.find((other) => other !== port && other.mac === port.mac)
    const advice = `Take another, for example ${guestMac(port.ip)}, or leave it out.`
    if (twin)
      throw wrong(place, 'mac', 'mac-duplicate', `guest "${twin.guest}" on this network has it too`, advice)
    const tap = here.find((other) => other.tapMac === port.mac)
    const bridge = networks.find((network) => network.name === port.network && network.mac === port.mac)
    if (bridge)
      throw wrong(place, 'mac', 'mac-collision', `it is the address of bridge ${bridge.bridge}`, advice)
    if (tap && macCollision === 'refused') {
      const whose = tap === port ? 'its own tap' : `the tap of guest "${tap.guest}"`
      const why = `it is the address of ${whose} (${tap.tap}), so the bridge would hand frames for this guest to the host`
      throw wrong(
        place,
        'mac',
        'mac-collision',
        why,
        advice,
        'To see it happen: microlan up --allow-mac-collision',
      )
    }
  }
}

function wrong(
  place: Place,
  key: 'ip' | 'mac',
  code: string,
  why: string,
  ...fix: readonly string[]
): MicrolanError {
  const value: Mac | string = (key === 'ip' ? place.ip : place.mac) ?? 'auto'
  return new MicrolanError({
    code,
    what: `Guest "${place.guest}" cannot have ${key} ${value} on network "${place.network.name}": ${why}.`,
    evidence: [{ source: 'file', from: place.at(key), said: `${key}: ${value}` }],
    fix: fix.map((say) => ({ say })),
    exit: 2,
  })
}

const full = (place: Place, network: Network, guests: number): MicrolanError =>
  new MicrolanError({
    code: 'subnet-full',
    what: `Network "${network.name}" has no address left for guest "${place.guest}".`,
    evidence: [
      {
        source: 'lab',
        from: `network "${network.name}"`,
        said: `${formatSubnet(network.subnet)} has room for ${guestCapacity(network.subnet)} guests; the file has ${guests}`,
      },
    ],
    fix: [{ say: 'Give the network a wider range (a smaller number behind the slash).' }],
    exit: 2,
  })
