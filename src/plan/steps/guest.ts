// Steps on a guest's VMM: one process, started with all it needs and stopped with all it holds.
import type { StepTraits } from '../step.ts'

export const startGuest: StepTraits<'start-guest'> = {
  explain: ({ guest }) => `started guest "${guest.name}"`,
  commands: ({ guest }) => [
    `${guest.vmm === 'emulator' ? 'firecracker-emulator' : 'firecracker'} --id ${guest.name} --api-sock ${guest.name}.sock &`,
    ...guest.ports.map(
      (port, n) =>
        `curl --unix-socket ${guest.name}.sock -X PUT http://vm/network-interfaces/eth${n} -d '${JSON.stringify(
          {
            iface_id: `eth${n}`,
            guest_mac: port.mac,
            host_dev_name: port.tap,
          },
        )}'`,
    ),
  ],
  undo: ({ guest }) => [{ kind: 'stop-guest', guest, why: 'undone' }],
}

export const stopGuest: StepTraits<'stop-guest'> = {
  explain: ({ guest, why }) => `stopped guest "${guest.name}" (${why})`,
  commands: ({ guest }) => [`pkill -f -- '--id ${guest.name} --api-sock'`],
  undo: ({ guest }) => [{ kind: 'start-guest', guest }],
}
