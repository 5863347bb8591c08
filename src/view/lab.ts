// Labs as people and programs see them: networks, guests, ports, and who runs what.
import { formatSubnet } from '../model/address.ts'
import type { Lab, VmmKind } from '../model/desired.ts'
import type { Cell, Paint } from './table.ts'
import { table } from './table.ts'

export type GuestState = 'running' | 'starting' | 'stopped'

export interface GuestStatus {
  readonly state: GuestState
  readonly vmm: { readonly kind: VmmKind; readonly pid: number; readonly apiSocket: string } | null
}

/** The public JSON of a lab (`ls`, `show`, `up`): keys are added, never renamed. */
export interface LabJson {
  readonly lab: string
  readonly networks: readonly {
    readonly name: string
    readonly bridge: string
    readonly subnet: string
    readonly gateway: string
    readonly mode: 'switch' | 'hub'
  }[]
  readonly guests: readonly GuestJson[]
}

export interface GuestJson {
  readonly name: string
  readonly state: GuestState
  readonly ports: readonly {
    readonly network: string
    readonly tap: string
    readonly mac: string
    readonly ip: string
    readonly ip6: string | null
  }[]
  readonly vmm: GuestStatus['vmm']
}

const stopped: GuestStatus = { state: 'stopped', vmm: null }

export function labJson(lab: Lab, status: ReadonlyMap<string, GuestStatus>): LabJson {
  return {
    lab: lab.name,
    networks: lab.networks.map(({ name, bridge, subnet, gateway, mode }) => ({
      name,
      bridge,
      subnet: formatSubnet(subnet),
      gateway,
      mode,
    })),
    guests: lab.guests.map((guest) => ({
      name: guest.name,
      ...(status.get(guest.name) ?? stopped),
      ports: guest.ports.map(({ network, tap, mac, ip }) => ({ network, tap, mac, ip, ip6: null })),
    })),
  }
}

const dim = (text: string): Cell => ({ text, style: 'dim' })
const head = (...names: readonly string[]): readonly Cell[] => names.map(dim)

export function showLab(lab: LabJson, paint: Paint): string {
  const networks = lab.networks.map(({ name, bridge, subnet, gateway, mode }) => [
    name,
    bridge,
    subnet,
    gateway,
    mode,
  ])
  const guests = lab.guests.flatMap(({ name, state, ports, vmm }) => {
    const run: Cell[] = [
      { text: state, style: state === 'running' ? 'good' : 'dim' },
      vmm ? `${vmm.kind}, pid ${vmm.pid}` : '',
    ]
    if (ports.length === 0) return [[name, '', '', '', '', ...run]]
    return ports.map(({ network, tap, mac, ip }, n) => [
      n === 0 ? name : '',
      network,
      ip,
      mac,
      tap,
      ...(n === 0 ? run : ['', '']),
    ])
  })
  return [
    paint(`lab ${lab.lab}`, 'bold'),
    '',
    table([head('network', 'bridge', 'subnet', 'gateway', 'mode'), ...networks], paint),
    ...(guests.length === 0
      ? []
      : ['', table([head('guest', 'network', 'address', 'mac', 'tap', 'state', 'vmm'), ...guests], paint)]),
  ].join('\n')
}

export function showLabs(
  labs: readonly (LabJson & { readonly file: string; readonly netns: string | null })[],
  paint: Paint,
): string {
  if (labs.length === 0) return 'no labs'
  const rows = labs.map(({ lab, networks, guests, file, netns }) => {
    const running = guests.filter(({ state }) => state === 'running').length
    return [
      lab,
      String(networks.length),
      `${running} of ${guests.length} running`,
      netns ?? "the host's",
      file,
    ]
  })
  return table([head('lab', 'networks', 'guests', 'netns', 'file'), ...rows], paint)
}
