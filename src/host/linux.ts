// The Host that is Linux: wires the edges together, and puts kernel errors into the user's words.
import { existsSync } from 'node:fs'
import { MicrolanError } from '../errors.ts'
import { dumpAddresses, dumpRoutes } from '../kernel/address.ts'
import { dumpFdb } from '../kernel/fdb.ts'
import { dumpLinks } from '../kernel/link.ts'
import type { Observed } from '../model/observed.ts'
import { readFirewall } from '../nft/element.ts'
import { loadSkeleton, unload } from '../nft/run.ts'
import type { Step, StepKind, StepOf } from '../plan/step.ts'
import { explain } from '../plan/traits.ts'
import type { Store } from '../state/store.ts'
import { EACCES, EEXIST, ENOENT, EPERM, errnoName } from '../sys/errno.ts'
import { KernelError, Netlink } from '../sys/netlink.ts'
import { GuestSteps } from './guest-steps.ts'
import type { Host } from './host.ts'
import type { Sockets } from './network-steps.ts'
import * as network from './network-steps.ts'
import type { Settings } from './settings.ts'

/** How each kind of step is done. A new kind fails to compile here until it can be. */
type Performers = {
  readonly [K in StepKind]: (steps: readonly StepOf<K>[], signal: AbortSignal) => Promise<void> | void
}

export class LinuxHost implements Host, Disposable {
  private readonly guests: GuestSteps
  private readonly performers: Performers
  private opened: Sockets | null = null

  constructor(settings: Settings, store: Store) {
    const guests = new GuestSteps(settings, store)
    this.guests = guests
    this.performers = {
      'load-firewall': loadSkeleton,
      'unload-firewall': unload,
      'allow-port': (steps) => network.performAllowPorts(this.sockets(), steps),
      'forbid-port': (steps) => network.performForbidPorts(this.sockets(), steps),
      'add-bridge': (steps) => network.performAddBridges(this.sockets(), steps),
      'set-bridge': (steps) => network.performSetBridges(this.sockets(), steps),
      'remove-bridge': (steps) => network.performRemoveBridges(this.sockets(), steps),
      'remove-network': (steps) => network.performRemoveNetworks(this.sockets(), steps),
      'add-address': (steps) => network.performAddresses(this.sockets(), steps),
      'remove-address': (steps) => network.performAddresses(this.sockets(), steps),
      'add-port': (steps) => network.performAddPorts(this.sockets(), steps),
      'set-port': (steps) => network.performSetPorts(this.sockets(), steps),
      'remove-port': (steps) => network.performRemovePorts(this.sockets(), steps),
      'start-guest': (steps, signal) => guests.start(steps, signal),
      'stop-guest': (steps) => guests.stop(steps),
    }
  }

  async observe(): Promise<Observed> {
    try {
      const { route, netfilter } = this.sockets()
      return {
        links: dumpLinks(route),
        addresses: dumpAddresses(route),
        routes: dumpRoutes(route),
        fdb: dumpFdb(route),
        firewall: readFirewall(netfilter),
        guests: this.guests.observe(),
      }
    } catch (error) {
      throw error instanceof KernelError ? kernelRefused(error, 'looked at the host') : error
    }
  }

  async perform(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    const [first] = steps
    if (!first) return
    signal.throwIfAborted()
    try {
      await (this.performers[first.kind] as (steps: readonly Step[], signal: AbortSignal) => Promise<void>)(
        steps,
        signal,
      )
    } catch (error) {
      throw error instanceof KernelError ? kernelRefused(error, explain(first)) : error
    }
  }

  [Symbol.dispose](): void {
    this.opened?.route[Symbol.dispose]()
    this.opened?.netfilter[Symbol.dispose]()
  }

  /** Opened on first use, in the network namespace of this process. */
  private sockets(): Sockets {
    this.opened ??= { route: Netlink.open('route'), netfilter: Netlink.open('netfilter') }
    return this.opened
  }
}

/** `doing` says what was under way, in the past tense as plans do. */
function kernelRefused(error: KernelError, doing: string): MicrolanError {
  const evidence = [
    {
      source: 'kernel',
      from: error.label,
      said: `${errnoName(error.errno)}${error.said === null ? '' : `: ${error.said}`}`,
    },
    { source: 'plan', from: 'would have', said: doing },
  ]
  if (error.errno === EPERM || error.errno === EACCES) {
    return new MicrolanError({
      code: 'not-permitted',
      what: 'microlan may not see or change the network of this host.',
      evidence,
      fix: [{ say: 'Run it as root (or with CAP_NET_ADMIN).' }],
      exit: 4,
      cause: error,
    })
  }
  if (error.errno === ENOENT && !existsSync('/dev/net/tun')) {
    return new MicrolanError({
      code: 'tun-missing',
      what: 'No taps can be made: this host has no /dev/net/tun.',
      evidence,
      fix: [
        { say: 'Load the driver:', run: 'modprobe tun' },
        { say: 'In a container, pass the device in: --device /dev/net/tun' },
      ],
      cause: error,
    })
  }
  if (error.errno === EEXIST) {
    return new MicrolanError({
      code: 'name-taken',
      what: `A device of this name is there already, and it is not ours (${error.label}).`,
      evidence,
      fix: [
        { say: 'See what it is; then remove it, or name the bridge in the lab file:', run: 'ip -d link' },
      ],
      cause: error,
    })
  }
  return new MicrolanError({
    code: 'kernel-refused',
    what: `The kernel refused: ${error.label}.`,
    evidence,
    fix: [{ say: 'See every step with its time:', run: 'microlan up --debug' }],
    cause: error,
  })
}
