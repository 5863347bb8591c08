// Steps on a guest's tap: the device, its place on the bridge, and whether its address is the host's there.
import type { PortState, StepTraits } from '../step.ts'

const onOff = (value: boolean): string => (value ? 'on' : 'off')

const place = (tap: string, state: PortState): readonly string[] => [
  `ip link set dev ${tap} addrgenmode none address ${state.mac} mtu ${state.mtu} group ${state.group} alias '${state.alias}' ${
    state.bridge === null ? 'nomaster' : `master ${state.bridge}`
  }`,
  // The flags come before "up": otherwise the port forwards for a moment without them.
  ...(state.bridge === null
    ? []
    : [
        `bridge link set dev ${tap} isolated ${onOff(state.isolated)} learning ${onOff(state.learning)} flood ${onOff(state.flood)}`,
      ]),
  ...(state.local || state.bridge === null ? [] : [`bridge fdb del ${state.mac} dev ${tap} master`]),
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
  commands: ({ tap, from, to }) => [
    ...place(tap, to),
    ...(to.local && !from.local ? [`bridge fdb replace ${to.mac} dev ${tap} master permanent`] : []),
  ],
  undo: (step) => [{ ...step, from: step.to, to: step.from }],
}

export const removePort: StepTraits<'remove-port'> = {
  explain: ({ tap, guest }) => `removed tap ${tap} of guest "${guest}"`,
  commands: ({ tap }) => [`ip link del dev ${tap}`],
  undo: ({ tap, guest, was }) => [{ kind: 'add-port', tap, guest, state: was }],
}
