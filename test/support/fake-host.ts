// A host of plain maps. Trusted only because the Linux host passes the same contract.
import type { Host } from '../../src/host/host.ts'
import type { FdbEntry, Link, Observed, ObservedGuest } from '../../src/model/observed.ts'
import type { BridgeState, HostAddress, PortState, Step } from '../../src/plan/step.ts'

interface FakeBridge {
  readonly index: number
  readonly state: BridgeState
  readonly addresses: readonly HostAddress[]
}

interface FakeTap {
  readonly index: number
  readonly state: PortState
}

export class FakeHost implements Host {
  readonly bridges = new Map<string, FakeBridge>()
  readonly taps = new Map<string, FakeTap>()
  readonly guests = new Map<string, ObservedGuest>()
  elements: Map<string, string> | null = null
  /** Steps left before every further one fails; null = never. */
  failAfter: number | null = null
  private nextIndex = 1

  async observe(): Promise<Observed> {
    const bridges = [...this.bridges].map(([name, bridge]) => this.bridgeLink(name, bridge))
    const taps = [...this.taps].map(([name, tap]) => this.tapLink(name, tap))
    return {
      links: [...bridges, ...taps],
      addresses: [...this.bridges.values()].flatMap(({ index, addresses }) =>
        addresses.map(({ ip, prefix }) => ({ link: index, family: 4 as const, address: ip, prefix })),
      ),
      routes: [],
      fdb: this.fdb(),
      firewall: this.elements && { ports: [...this.elements].map(([tap, mac]) => ({ tap, mac })) },
      guests: [...this.guests.values()],
    }
  }

  async perform(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (this.failAfter !== null && this.failAfter-- <= 0) throw new Error(`no luck with ${step.kind}`)
      this.performOne(step)
    }
  }

  private performOne(step: Step): void {
    switch (step.kind) {
      case 'load-firewall':
        this.elements ??= new Map()
        break
      case 'unload-firewall':
        this.elements = null
        break
      case 'allow-port':
        this.elements!.set(step.tap, step.mac)
        break
      case 'forbid-port':
        if (this.elements?.get(step.tap) === step.mac) this.elements.delete(step.tap)
        break
      case 'add-bridge':
        this.mustBeFree(step.bridge)
        this.bridges.set(step.bridge, { index: this.nextIndex++, state: step.state, addresses: [] })
        break
      case 'set-bridge':
        this.bridges.set(step.bridge, { ...this.bridges.get(step.bridge)!, state: step.to })
        break
      case 'remove-bridge':
        this.removeBridge(step.bridge)
        break
      case 'remove-network':
        for (const { tap } of step.ports) this.taps.delete(tap)
        this.removeBridge(step.bridge.bridge)
        break
      case 'add-address':
        this.changeAddresses(step.bridge, (all) => [...all, { ip: step.ip, prefix: step.prefix }])
        break
      case 'remove-address':
        this.changeAddresses(step.bridge, (all) => all.filter(({ ip }) => ip !== step.ip))
        break
      case 'add-port':
        this.mustBeFree(step.tap)
        this.taps.set(step.tap, { index: this.nextIndex++, state: step.state })
        break
      case 'set-port':
        this.taps.set(step.tap, { ...this.taps.get(step.tap)!, state: step.to })
        break
      case 'remove-port':
        this.taps.delete(step.tap)
        break
      case 'start-guest':
        this.guests.set(step.guest.name, {
          guest: step.guest,
          pid: 1,
          apiSocket: 'api.sock',
          phase: 'running',
        })
        break
      case 'stop-guest':
        this.guests.delete(step.guest.name)
        break
    }
  }

  private mustBeFree(name: string): void {
    if (this.bridges.has(name) || this.taps.has(name)) throw new Error(`${name}: EEXIST`)
  }

  private removeBridge(name: string): void {
    this.bridges.delete(name)
    for (const [tap, fake] of this.taps)
      if (fake.state.bridge === name) this.taps.set(tap, { ...fake, state: { ...fake.state, bridge: null } })
  }

  private changeAddresses(
    bridge: string,
    change: (all: readonly HostAddress[]) => readonly HostAddress[],
  ): void {
    const fake = this.bridges.get(bridge)
    if (fake) this.bridges.set(bridge, { ...fake, addresses: change(fake.addresses) })
  }

  private fdb(): readonly FdbEntry[] {
    return [...this.taps.values()]
      .filter(({ state }) => state.local && state.bridge !== null && this.bridges.has(state.bridge))
      .map(({ index, state }) => ({
        mac: state.mac,
        link: index,
        bridge: this.bridges.get(state.bridge!)!.index,
        state: 'permanent',
      }))
  }

  private bridgeLink(name: string, { index, state }: FakeBridge): Link {
    const { mac, mtu, group, alias, up, ageingCentiseconds, stp, mcastSnooping } = state
    const bridge = { ageingCentiseconds, stp, mcastSnooping }
    return {
      index,
      name,
      kind: 'bridge',
      mac,
      mtu,
      group,
      alias,
      up,
      carrier: up,
      master: null,
      bridge,
      port: null,
      tun: null,
    }
  }

  private tapLink(name: string, { index, state }: FakeTap): Link {
    const { mac, mtu, group, alias, up, isolated, learning, flood } = state
    const held = [...this.guests.values()].some(({ guest }) => guest.ports.some((port) => port.tap === name))
    const master = state.bridge === null ? null : (this.bridges.get(state.bridge)?.index ?? null)
    return {
      index,
      name,
      kind: 'tun',
      mac,
      mtu,
      group,
      alias,
      up,
      carrier: up && held,
      master,
      bridge: null,
      port: master === null ? null : { state: 'forwarding', isolated, learning, flood },
      tun: { mode: 'tap', owner: null, persistent: true, multiQueue: false },
    }
  }
}
