// QEMU's command line for one guest. Pure. Which flags, and why: measured under TCG with QEMU 7.2.
import type { Accelerator } from './accelerator.ts'
import type { BootSource, Drive, MachineConfig, NetworkInterface } from './bodies.ts'

export const QEMU = 'qemu-system-x86_64'

/** File descriptors that the child finds open: its stdin, stdout and stderr come before, taps after. */
export const QMP_FD = 3
export const AGENT_FD = 4
export const FIRST_TAP_FD = 5

export interface GuestSetup {
  readonly machine: MachineConfig
  readonly boot: BootSource
  /** In API order; the root comes first for the guest. */
  readonly drives: readonly Drive[]
  /** In API order, which becomes eth0, eth1 … */
  readonly interfaces: readonly NetworkInterface[]
  readonly accelerator: Accelerator
  /** Whether the line to an agent is wanted. */
  readonly agent: 'line' | 'none'
}

/** Firecracker's own, for a guest that names none: no console, no modules. */
const DEFAULT_BOOT_ARGS =
  'reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce'

/** The kernel's command line, with what Firecracker appends, and under TCG what the guest needs besides. */
export function kernelArguments({ boot, drives, accelerator }: GuestSetup): string {
  const [own, init] = splitInit(boot.boot_args ?? DEFAULT_BOOT_ARGS)
  const root = drives.find(({ is_root_device }) => is_root_device)
  const device = root?.partuuid === undefined ? '/dev/vda' : `PARTUUID=${root.partuuid}`
  return [
    own,
    ...(/(^|\s)pci=/.test(own) ? [] : ['pci=off']),
    ...(root ? [`root=${device}`, root.is_read_only ? 'ro' : 'rw'] : []),
    // A microvm's timer is calibrated against its TSC, and the TSC against a PIT that TCG serves too late: one
    // boot in four hung. So the kernel is told the rate, and told to believe it.
    ...(accelerator.tscKhz === null ? [] : [`tsc_early_khz=${accelerator.tscKhz}`, 'tsc=reliable']),
    ...(init === null ? [] : ['--', init]),
  ].join(' ')
}

/** What follows ` -- ` is for init, and stays last. */
function splitInit(args: string): readonly [string, string | null] {
  const at = args.search(/(^|\s)--\s/)
  return at === -1 ? [args.trim(), null] : [args.slice(0, at).trim(), args.slice(at).replace(/^\s*--\s+/, '')]
}

export function qemuArguments(setup: GuestSetup): readonly string[] {
  const { machine, boot, drives, interfaces, accelerator, agent } = setup
  const ordered = drives.toSorted((a, b) => Number(b.is_root_device) - Number(a.is_root_device))
  return [
    ...['-M', `microvm,accel=${accelerator.accelerator},pit=off,memory-backend=ram`],
    ...['-object', `memory-backend-memfd,id=ram,size=${machine.mem_size_mib}M,share=on`],
    // ARAT keeps the timer from a 250 Hz tick, which costs each idle guest 3 % of a processor.
    ...['-cpu', accelerator.accelerator === 'kvm' ? 'host' : 'max,-la57'],
    ...['-m', String(machine.mem_size_mib), '-smp', String(machine.vcpu_count)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio'],
    // The keyboard controller is how a guest resets (reboot=k), and how it is asked to (Ctrl-Alt-Del).
    ...['-device', 'i8042', '-action', 'reboot=shutdown,shutdown=pause'],
    ...['-chardev', `socket,id=qmp,fd=${QMP_FD}`, '-mon', 'chardev=qmp,mode=control'],
    ...(agent === 'none' ? [] : agentArguments()),
    ...['-kernel', boot.kernel_image_path, '-append', kernelArguments(setup)],
    ...(boot.initrd_path === undefined ? [] : ['-initrd', boot.initrd_path]),
    ...ordered.flatMap(driveArguments),
    ...interfaces.flatMap(interfaceArguments),
  ]
}

const agentArguments = (): readonly string[] => [
  ...['-device', 'virtio-serial-device', '-chardev', `socket,id=agent,fd=${AGENT_FD}`],
  ...['-device', 'virtserialport,chardev=agent,name=ml.agent'],
]

function driveArguments(drive: Drive, n: number): readonly string[] {
  const node = {
    driver: 'raw',
    'node-name': `drive${n}`,
    'read-only': drive.is_read_only ?? false,
    file: { driver: 'file', filename: drive.path_on_host },
  }
  // An explicit bus would reverse the order: QEMU hands out virtio-mmio places from the last.
  return [
    '-blockdev',
    JSON.stringify(node),
    '-device',
    `virtio-blk-device,drive=drive${n},serial=${drive.drive_id}`,
  ]
}

/** Only what Firecracker offers: checksum and segmentation, no link state, no control queue, one pair of queues. */
const CARD = [
  // Each control feature needs the queue, and the driver refuses a card that has one without the other.
  ...['ctrl_vq', 'ctrl_rx', 'ctrl_vlan', 'ctrl_rx_extra', 'ctrl_mac_addr', 'ctrl_guest_offloads'],
  ...['status', 'guest_announce', 'guest_ecn', 'host_ecn'],
]
  .map((feature) => `${feature}=off`)
  .join(',')

function interfaceArguments(card: NetworkInterface, n: number): readonly string[] {
  const mtu = card.mtu === undefined ? '' : `,host_mtu=${card.mtu}`
  return [
    ...['-netdev', `tap,id=net${n},fd=${FIRST_TAP_FD + n}`],
    ...['-device', `virtio-net-device,netdev=net${n},mac=${card.guest_mac},${CARD}${mtu}`],
  ]
}
