// A plan limited to one guest or one network (`--only`, `start`): the steps that it needs, and no others.
import type { Lab } from '../model/desired.ts'
import { portsOf } from '../model/desired.ts'
import type { Step } from './step.ts'

/** The steps of a plan that concern this guest (and its networks) or this network (and its guests). */
export function only(steps: readonly Step[], lab: Lab, name: string): readonly Step[] {
  const ports = portsOf(lab).filter((port) => port.guest === name || port.network === name)
  const networks = new Set([name, ...ports.map(({ network }) => network)])
  const guests = new Set([name, ...ports.map(({ guest }) => guest)])
  const taps = new Set(ports.map(({ tap }) => tap))
  const bridges = new Set(
    lab.networks.filter((network) => networks.has(network.name)).map(({ bridge }) => bridge),
  )
  const concerns = (step: Step): boolean => {
    switch (step.kind) {
      case 'load-firewall':
        return true
      case 'unload-firewall':
        return false
      case 'allow-port':
      case 'forbid-port':
        return taps.has(step.tap)
      case 'add-port':
      case 'set-port':
      case 'remove-port':
        return taps.has(step.tap) || guests.has(step.guest)
      case 'add-bridge':
      case 'set-bridge':
      case 'remove-bridge':
        return networks.has(step.network)
      case 'remove-network':
        return networks.has(step.network)
      case 'add-address':
      case 'remove-address':
        return bridges.has(step.bridge)
      case 'start-guest':
      case 'stop-guest':
        return guests.has(step.guest.name)
    }
  }
  return steps.filter(concerns)
}
