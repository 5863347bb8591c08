// A lab file and what the host has → the lab, complete. Pure: the same in, the same out.
import { MicrolanError } from '../errors.ts'
import { formatSubnet, nth, parseSubnet } from './address.ts'
import { BOOT_ARGS_MAX, bootArgs } from './boot-args.ts'
import type { Guest, Lab, Network, VmmKind } from './desired.ts'
import { aliasOf, labOfAlias } from './desired.ts'
import { hash } from './hash.ts'
import { bridgeName, ifnameFault } from './ifname.ts'
import type { LabFile } from './lab-file.ts'
import type { NetworkFile } from './lab-schema.ts'
import type { Lease, Leases, NetworkLease } from './lease.ts'
import { bridgeMac } from './mac.ts'
import { nearest } from './nearest.ts'
import type { Observed } from './observed.ts'
import { resolvePorts } from './resolve-ports.ts'
import type { TakenSubnet } from './subnet-choice.ts'
import { chooseSubnet } from './subnet-choice.ts'

/** What a lab is resolved against. */
export interface Context {
  readonly lab: string
  readonly observed: Observed
  readonly leases: Leases
  readonly vmm: VmmKind
  readonly image: { readonly kernel: string; readonly initrd: string }
  /** `allowed` lets a guest have its tap's address, to reproduce the riddle. */
  readonly macCollision: 'refused' | 'allowed'
}

/**
 * Decides every name and address. What was leased before is kept where the file does not say otherwise.
 *
 * @throws subnet-*, ip-*, mac-*, name-taken, ifname-invalid, network-unknown, guest-reserved, boot-args-too-long
 */
export function resolve(file: LabFile, context: Context): Lab {
  const networks: Network[] = []
  for (const [name, written] of Object.entries(file.body.networks))
    networks.push(resolveNetwork(name, written, { file, context, sofar: networks }))
  checkGuests(file, networks)
  const ports = resolvePorts(file, networks, context)
  const guests = Object.entries(file.body.guests).map(([name, written]): Guest => {
    const cards = ports.filter((port) => port.guest === name)
    const image = written.kernel === undefined ? 'built-in' : 'own'
    const args = bootArgs({ name, image, vmm: context.vmm, own: written.bootArgs, cards })
    if (args.length > BOOT_ARGS_MAX) throw tooLong(name, args.length, file)
    return {
      lab: context.lab,
      name,
      vmm: context.vmm,
      vcpus: written.vcpus,
      memoryMiB: written.memory,
      kernel: written.kernel ?? context.image.kernel,
      initrd:
        written.kernel === undefined ? (written.initrd ?? context.image.initrd) : (written.initrd ?? null),
      rootfs: written.rootfs ?? null,
      bootArgs: args,
      image,
      ports: cards,
    }
  })
  return { name: context.lab, networks, guests }
}

/** The leases that a resolved lab holds. */
export function leasesOf(lab: Lab): Leases {
  const networks = lab.networks.map(
    (network): NetworkLease => ({
      lab: lab.name,
      network: network.name,
      subnet: formatSubnet(network.subnet),
      bridge: network.bridge,
    }),
  )
  const guests = lab.guests.flatMap((guest) =>
    guest.ports.map(
      (port): Lease => ({ lab: lab.name, network: port.network, guest: guest.name, ip: port.ip }),
    ),
  )
  return { networks, guests }
}

interface NetworkContext {
  readonly file: LabFile
  readonly context: Context
  readonly sofar: readonly Network[]
}

function resolveNetwork(
  name: string,
  written: NetworkFile,
  { file, context, sofar }: NetworkContext,
): Network {
  const { lab, leases } = context
  const leased = leases.networks.find((other) => other.lab === lab && other.network === name)
  const at = file.locate(['networks', name, 'subnet'])
  const subnet = chooseSubnet({
    network: name,
    given: written.subnet,
    leased: leased?.subnet,
    taken: takenSubnets(name, context, sofar),
    promised: promisedSubnets(context),
    at,
  })
  const bridge = chooseBridge(name, written.bridge, leased?.bridge, { file, context, sofar })
  const gateway = nth(subnet, 1)
  return {
    name,
    subnet,
    gateway,
    mode: written.mode,
    bridge,
    mac: bridgeMac(gateway),
    mtu: written.mtu === 'auto' ? 1500 : written.mtu,
    // 31 bits, as iproute2 reads no more; and not 0, the kernel's default group, where everything else is.
    group: hash(`${lab}/${name}`) >>> 1 || 1,
    alias: aliasOf(lab, name),
  }
}

/** Ranges that are not this network's own: routes of other devices, and what this lab's other networks have. */
function takenSubnets(name: string, context: Context, sofar: readonly Network[]): readonly TakenSubnet[] {
  const { lab, observed } = context
  const alias = aliasOf(lab, name)
  const byIndex = new Map(observed.links.map((link) => [link.index, link]))
  const routes = observed.routes
    // A default route reaches everything and takes nothing; host routes (/32) of table local repeat addresses.
    .filter(
      (route) => route.family === 4 && route.prefix > 0 && byIndex.get(route.link ?? 0)?.alias !== alias,
    )
    .map((route) => ({ ...route, device: byIndex.get(route.link ?? 0)?.name ?? 'nowhere' }))
    .map(
      ({ destination, prefix, device, table }): TakenSubnet => ({
        subnet: parseSubnet(`${destination}/${prefix}`)!,
        from: table === 255 ? 'ip route show table local' : 'ip route show',
        said: `${destination}/${prefix} dev ${device}`,
      }),
    )
  const own = sofar.map((other) => ({
    subnet: other.subnet,
    from: `lab "${lab}"`,
    said: `network "${other.name}" has ${formatSubnet(other.subnet)}`,
  }))
  return [...own, ...broadestFirst(routes)]
}

const promisedSubnets = ({ lab, leases }: Context): readonly TakenSubnet[] =>
  leases.networks
    .filter((other) => other.lab !== lab)
    .map((other) => ({
      subnet: parseSubnet(other.subnet)!,
      from: `lab "${other.lab}"`,
      said: `network "${other.network}" has ${other.subnet}`,
    }))

/** So that evidence names a route, and not one of the addresses inside it. */
const broadestFirst = (taken: readonly TakenSubnet[]): readonly TakenSubnet[] =>
  taken.toSorted((a, b) => a.subnet.prefix - b.subnet.prefix)

function chooseBridge(
  name: string,
  given: string | undefined,
  leased: string | undefined,
  { file, context, sofar }: NetworkContext,
): string {
  const alias = aliasOf(context.lab, name)
  const at = file.locate(['networks', name, 'bridge'])
  const holder = (bridge: string) =>
    context.observed.links.find((link) => link.name === bridge && link.alias !== alias)
  const isFree = (bridge: string) => !holder(bridge) && !sofar.some((other) => other.bridge === bridge)
  if (given === undefined)
    return leased !== undefined && isFree(leased) ? leased : bridgeName(context.lab, name, isFree)
  const fault = ifnameFault(given)
  if (fault) {
    throw new MicrolanError({
      code: 'ifname-invalid',
      what: `Network "${name}" cannot call its bridge "${given}": ${fault}.`,
      evidence: [{ source: 'file', from: at, said: `bridge: ${given}` }],
      fix: [
        {
          say: `Take a shorter name, or leave the line out: it becomes ${bridgeName(context.lab, name, isFree)}.`,
        },
      ],
      exit: 2,
    })
  }
  if (isFree(given)) return given
  const link = holder(given)
  const owner = labOfAlias(link?.alias ?? null)
  throw new MicrolanError({
    code: 'name-taken',
    what: `Network "${name}" cannot call its bridge "${given}": this name is taken${owner ? ` by lab "${owner}"` : ', by something that is not ours'}.`,
    evidence: [
      link
        ? {
            source: 'kernel',
            from: `ip link show ${given}`,
            said: `${given}: ${link.kind ?? 'device'}, ${link.alias ?? 'no alias'}`,
          }
        : { source: 'lab', from: file.path, said: 'another network has this bridge' },
      { source: 'file', from: at, said: `bridge: ${given}` },
    ],
    fix: [{ say: 'Take another name, or leave the line out.' }],
  })
}

function checkGuests(file: LabFile, networks: readonly Network[]): void {
  for (const [name, guest] of Object.entries(file.body.guests)) {
    if (name === 'host') {
      throw new MicrolanError({
        code: 'guest-reserved',
        what: 'No guest can be called "host": that word means the machine it runs on.',
        evidence: [{ source: 'file', from: file.locate(['guests', name], 'key'), said: name }],
        fix: [{ say: 'Give the guest another name.' }],
        exit: 2,
      })
    }
    const places = Array.isArray(guest.networks) ? guest.networks : Object.keys(guest.networks)
    for (const [index, place] of places.entries()) {
      if (networks.some((network) => network.name === place)) continue
      const near = nearest(
        place,
        networks.map((network) => network.name),
      )
      const key = Array.isArray(guest.networks) ? index : place
      throw new MicrolanError({
        code: 'network-unknown',
        what: `Guest "${name}" wants to be on network "${place}", which the file does not have.`,
        evidence: [{ source: 'file', from: file.locate(['guests', name, 'networks', key]), said: place }],
        fix: [{ say: near ? `Did you mean "${near}"?` : `Add it under "networks:".` }],
        exit: 2,
      })
    }
  }
}

const tooLong = (guest: string, length: number, file: LabFile): MicrolanError =>
  new MicrolanError({
    code: 'boot-args-too-long',
    what: `The kernel arguments of guest "${guest}" have ${length} bytes, and Firecracker takes at most ${BOOT_ARGS_MAX}.`,
    evidence: [
      {
        source: 'file',
        from: file.locate(['guests', guest]),
        said: 'bootArgs, and one ip= for each network',
      },
    ],
    fix: [{ say: 'Shorten bootArgs, or give the guest fewer networks.' }],
    exit: 2,
  })
