// Steps on a network's bridge: the device, its settings, and the host's address on it.
import type { BridgeState, StepTraits } from '../step.ts'
import { removePort } from './port.ts'

const onOff = (value: boolean): string => (value ? '1' : '0')

const options = (state: BridgeState): string =>
  `ageing_time ${state.ageingCentiseconds} stp_state ${onOff(state.stp)} mcast_snooping ${onOff(state.mcastSnooping)}`

const settings = (bridge: string, state: BridgeState): string =>
  `ip link set dev ${bridge} address ${state.mac} mtu ${state.mtu} group ${state.group} alias '${state.alias}'`

export const addBridge: StepTraits<'add-bridge'> = {
  explain: ({ bridge, network, state }) =>
    `made bridge ${bridge} for network "${network}"${state.ageingCentiseconds === 0 ? ' (as a hub)' : ''}`,
  commands: ({ bridge, state }) => [
    // The address is given, not borrowed: a bridge without one takes its lowest port's, and changes with it.
    `ip link add ${bridge} address ${state.mac} mtu ${state.mtu} group ${state.group} type bridge ${options(state)} forward_delay 0`,
    `ip link set dev ${bridge} alias '${state.alias}'`,
    `ip link set dev ${bridge} up`,
  ],
  undo: ({ bridge, network, state }) => [
    { kind: 'remove-bridge', bridge, network, was: state, addresses: [] },
  ],
}

const differences = (from: BridgeState, to: BridgeState): string =>
  (Object.keys(to) as (keyof BridgeState)[])
    .filter((key) => from[key] !== to[key])
    .map((key) => `${key} was ${from[key]}`)
    .join(', ')

export const setBridge: StepTraits<'set-bridge'> = {
  explain: ({ bridge, from, to }) => `mended bridge ${bridge}: ${differences(from, to)}`,
  commands: ({ bridge, to }) => [
    settings(bridge, to),
    `ip link set dev ${bridge} type bridge ${options(to)}`,
    `ip link set dev ${bridge} ${to.up ? 'up' : 'down'}`,
  ],
  undo: (step) => [{ ...step, from: step.to, to: step.from }],
}

export const removeBridge: StepTraits<'remove-bridge'> = {
  explain: ({ bridge, network }) => `removed bridge ${bridge} of network "${network}"`,
  commands: ({ bridge }) => [`ip link del dev ${bridge}`],
  undo: ({ bridge, network, was, addresses }) => [
    { kind: 'add-bridge', bridge, network, state: was },
    ...addresses.map((address) => ({ kind: 'add-address', bridge, ...address }) as const),
  ],
}

export const removeNetwork: StepTraits<'remove-network'> = {
  explain: ({ network, bridge, ports }) =>
    `removed network "${network}": bridge ${bridge.bridge} and ${ports.length} ${ports.length === 1 ? 'tap' : 'taps'}`,
  // One message for all: a tap removed alone costs the kernel 16 ms (an RCU barrier), in a group 0.4 ms.
  commands: ({ group }) => [`ip link del group ${group}`],
  undo: ({ bridge, ports }) => [...removeBridge.undo(bridge), ...ports.flatMap(removePort.undo)],
}

export const addAddress: StepTraits<'add-address'> = {
  explain: ({ bridge, ip, prefix }) => `gave the host ${ip}/${prefix} on ${bridge}`,
  commands: ({ bridge, ip, prefix }) => [`ip addr add ${ip}/${prefix} brd + dev ${bridge}`],
  undo: ({ bridge, ip, prefix }) => [{ kind: 'remove-address', bridge, ip, prefix }],
}

export const removeAddress: StepTraits<'remove-address'> = {
  explain: ({ bridge, ip, prefix }) => `took ${ip}/${prefix} from ${bridge}`,
  commands: ({ bridge, ip, prefix }) => [`ip addr del ${ip}/${prefix} dev ${bridge}`],
  undo: ({ bridge, ip, prefix }) => [{ kind: 'add-address', bridge, ip, prefix }],
}
