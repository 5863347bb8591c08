// Steps on a guest's tap: the device, its place on the bridge, and its local entry in a hub.
import type { PortState, StepTraits } from '../step.ts'

const onOff = (value: boolean): string => (value ? 'on' : 'off')

const place = (tap: string, state: PortState): readonly string[] => [
  `ip link set dev ${tap} address ${state.mac} mtu ${state.mtu} group ${state.group} alias '${state.alias}' ${
    state.bridge === null ? 'nomaster' : `master ${state.bridge}`
  }`,
  // The flags come before "up": otherwise the port forwards for a moment without them.
  ...(state.bridge === null
    ? []
    : [
        `bridge link set dev ${tap} isolated ${onOff(state.isolated)} learning ${onOff(state.learning)} flood ${onOff(state.flood)}`,
      ]),
  `ip link set dev ${tap} ${state.up ? 'up' : 'down'}`,
]

export const addPort: StepTraits<'add-port'> = {
  explain: ({ tap, guest, state }) => `plugged tap ${tap} of guest "${guest}" into ${state.bridge}`,
  commands: ({ tap, state }) => [`ip tuntap add dev ${tap} mode tap vnet_hdr`, ...place(tap, state)],
  undo: ({ tap, guest, state }) => [{ kind: 'remove-port', tap, guest, was: state }],
}

const differences = (from: PortState, to: PortState): string =>
  (Object.keys(to) as (keyof PortState)[])
    .filter((key) => from[key] !== to[key])
    .map((key) => `${key} was ${from[key] ?? 'none'}`)
    .join(', ')

export const setPort: StepTraits<'set-port'> = {
  explain: ({ tap, guest, from, to }) => `mended tap ${tap} of guest "${guest}": ${differences(from, to)}`,
  commands: ({ tap, to }) => place(tap, to),
  undo: (step) => [{ ...step, from: step.to, to: step.from }],
}

export const removePort: StepTraits<'remove-port'> = {
  explain: ({ tap, guest }) => `removed tap ${tap} of guest "${guest}"`,
  commands: ({ tap }) => [`ip link del dev ${tap}`],
  undo: ({ tap, guest, was }) => [{ kind: 'add-port', tap, guest, state: was }],
}

export const forgetLocal: StepTraits<'forget-local'> = {
  explain: ({ tap, mac }) => `made ${tap} a hub's port: its address ${mac} is no longer the host's`,
  commands: ({ tap, mac }) => [`bridge fdb del ${mac} dev ${tap} master`],
  undo: ({ tap, mac }) => [{ kind: 'restore-local', tap, mac }],
}

export const restoreLocal: StepTraits<'restore-local'> = {
  explain: ({ tap, mac }) => `gave ${tap} its local entry ${mac} back`,
  commands: ({ tap, mac }) => [`bridge fdb add ${mac} dev ${tap} master permanent`],
  undo: ({ tap, mac }) => [{ kind: 'forget-local', tap, mac }],
}
