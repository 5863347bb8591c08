// One microVM: configured piece by piece, started once, then paused and resumed. What the API's handlers change.

import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync } from 'node:fs'
import { chooseAccelerator } from './accelerator.ts'
import { shareAgentLine } from './agent-line.ts'
import type {
  BootSource,
  Drive,
  Logger,
  MachineConfig,
  Metrics as MetricsBody,
  NetworkInterface,
} from './bodies.ts'
import { Fault, notEmulated, osError } from './fault.ts'
import type { GuestProcess } from './guest-process.ts'
import { startGuest } from './guest-process.ts'
import type { Log } from './log.ts'
import { parseLevel } from './log.ts'
import { Metrics } from './metrics.ts'
import { takeTap } from './tap.ts'

export type Phase = 'Not started' | 'Running' | 'Paused'

interface Card {
  readonly config: NetworkInterface
  readonly fd: number
}

const DEFAULT_MACHINE: MachineConfig = {
  vcpu_count: 1,
  mem_size_mib: 128,
  smt: false,
  track_dirty_pages: false,
  huge_pages: 'None',
}

/** With the closing NUL (linux-loader's cmdline). */
const BOOT_ARGS_MAX = 2048
const MTU = { min: 68, max: 65535 } as const

export class Machine {
  readonly id: string
  readonly log: Log
  readonly metrics: Metrics
  phase: Phase = 'Not started'
  private readonly agentSocket: string | null
  private readonly end: (code: number) => void
  private config = DEFAULT_MACHINE
  private boot: BootSource | null = null
  private logger: Logger | null = null
  private metricsConfig: MetricsBody | null = null
  private readonly drives = new Map<string, Drive>()
  private readonly cards = new Map<string, Card>()
  private guest: GuestProcess | null = null

  /** `end` ends the program, with Firecracker's exit code. */
  constructor(options: { id: string; log: Log; agentSocket: string | null; end: (code: number) => void }) {
    this.id = options.id
    this.log = options.log
    this.agentSocket = options.agentSocket
    this.end = options.end
    this.metrics = new Metrics(
      () => new Map([...this.cards].map(([id, { config }]) => [id, config.host_dev_name])),
    )
  }

  machineConfig(): MachineConfig {
    return this.config
  }

  setMachineConfig(change: Partial<MachineConfig>): void {
    const next = { ...this.config, ...change }
    const prefix = 'Machine config error: '
    const { vcpu_count: count, smt } = next
    if (count < 1 || count > 32 || (smt && count !== 1 && count % 2 !== 0))
      throw new Fault(
        `${prefix}The number of vCPUs must be greater than 0, less than 32 and must be 1 or an even number if SMT is enabled.`,
      )
    if (next.mem_size_mib < 1)
      throw new Fault(
        `${prefix}The memory size (MiB) is either 0, or not a multiple of the configured page size.`,
      )
    if (next.huge_pages === '2M') throw notEmulated('huge_pages: 2M')
    if (next.track_dirty_pages) throw notEmulated('track_dirty_pages')
    this.config = next
  }

  setBootSource(boot: BootSource): void {
    const prefix = 'Boot source error: '
    openable(boot.kernel_image_path, 'r', (why) => `${prefix}The kernel file cannot be opened: ${why}`)
    if (boot.initrd_path !== undefined) {
      const words = 'The initrd file cannot be opened due to invalid path or invalid permissions.'
      openable(boot.initrd_path, 'r', (why) => `${prefix}${words} ${why}`)
    }
    const args = boot.boot_args ?? ''
    if (args.length >= BOOT_ARGS_MAX || /[^\x20-\x7e]/.test(args)) {
      const why =
        args.length >= BOOT_ARGS_MAX
          ? 'the command line is too large'
          : 'invalid character in the command line'
      throw new Fault(`${prefix}The kernel command line is invalid: ${why}`)
    }
    this.boot = boot
  }

  setDrive(drive: Drive): void {
    const prefix = 'Drive config error: '
    if (drive.socket !== undefined) throw notEmulated('A vhost-user drive (socket)')
    if (drive.rate_limiter !== undefined) throw notEmulated("A drive's rate_limiter")
    if (drive.path_on_host === undefined) throw new Fault(`${prefix}Invalid block device configuration`)
    const root = [...this.drives.values()].find(({ is_root_device }) => is_root_device)
    if (drive.is_root_device && root && root.drive_id !== drive.drive_id)
      throw new Fault(`${prefix}A root block device already exists!`)
    const words =
      'Unable to create the virtio block device: Virtio backend error: Error manipulating the backing file:'
    openable(
      drive.path_on_host,
      drive.is_read_only ? 'r' : 'r+',
      (why) => `${prefix}${words} ${why} ${drive.path_on_host}`,
    )
    this.drives.set(drive.drive_id, drive)
  }

  async setInterface(config: NetworkInterface): Promise<void> {
    const { iface_id: id, guest_mac: mac, mtu } = config
    const prefix = 'Network config error: '
    if (config.rx_rate_limiter !== undefined || config.tx_rate_limiter !== undefined)
      throw notEmulated("A network interface's rate limiter")
    if (mtu !== undefined && (mtu < MTU.min || mtu > MTU.max))
      throw new Fault(`${prefix}MTU ${mtu} is invalid: it must be between ${MTU.min} and ${MTU.max}`)
    for (const [other, card] of this.cards)
      if (other !== id && mac !== undefined && card.config.guest_mac === mac.toLowerCase())
        throw new Fault(`${prefix}The MAC address is already in use: ${mac.toLowerCase()}`)
    // The old device goes before the new one comes, so a failed replacement leaves none: as the original.
    const old = this.cards.get(id)
    if (old) closeSync(old.fd)
    this.cards.delete(id)
    const fd = await takeTap(config.host_dev_name)
    this.cards.set(id, {
      config: mac === undefined ? config : { ...config, guest_mac: mac.toLowerCase() },
      fd,
    })
  }

  setLogger(logger: Logger): void {
    const level = logger.level === undefined ? undefined : parseLevel(logger.level)
    if (level === null) throw new Fault(`Logger error: unknown level ${logger.level}`)
    try {
      this.log.configure({ path: logger.log_path, level, showLevel: logger.show_level })
    } catch (error) {
      throw error instanceof Fault
        ? new Fault(`Logger error: Failed to open target file: ${error.message}`)
        : error
    }
    this.logger = { ...this.logger, ...logger }
  }

  setMetrics(body: MetricsBody): void {
    if (this.metrics.isOn)
      throw new Fault(
        'Metrics error: Cannot initialize the metrics system because it was already initialized.',
      )
    try {
      this.metrics.start(body.metrics_path)
    } catch (error) {
      throw error instanceof Fault ? new Fault(`Metrics error: ${error.message}`) : error
    }
    this.metricsConfig = body
  }

  /** The form of a configuration file, which it can be given back as. */
  fullConfig(): object {
    return {
      balloon: null,
      drives: [...this.drives.values()],
      'boot-source': this.boot,
      'cpu-config': null,
      logger: this.logger,
      'machine-config': this.config,
      metrics: this.metricsConfig,
      'mmds-config': null,
      'network-interfaces': [...this.cards.values()].map(({ config }) => config),
      vsock: null,
      entropy: null,
      pmem: [],
      'memory-hotplug': null,
    }
  }

  /** A failure leaves everything as it was: what is missing can be set, and the start tried again. */
  async start(): Promise<void> {
    const prefix = 'Start microvm error: '
    if (!this.boot) throw new Fault(`${prefix}Cannot start microvm without kernel configuration.`)
    const accelerator = await chooseAccelerator(this.boot.kernel_image_path).catch((error: Error) => {
      throw new Fault(`${prefix}${error.message}`)
    })
    this.log.info(`Guests run with ${accelerator.accelerator.toUpperCase()}: ${accelerator.why}`)
    const cards = [...this.cards.values()]
    const setup = {
      machine: this.config,
      boot: this.boot,
      drives: [...this.drives.values()],
      // QEMU would give every guest without one the same address.
      interfaces: cards.map(({ config }) => ({ ...config, guest_mac: config.guest_mac ?? randomMac() })),
      accelerator,
      agent: this.agentSocket === null ? ('none' as const) : ('line' as const),
    }
    const guest = await startGuest(
      setup,
      cards.map(({ fd }) => fd),
      {
        onReset: () => this.finish(0, 'the guest reset itself'),
        onEnd: (how, said) => this.onEnd(how, said),
      },
    )
    // QEMU has them now. Closed here, so that a TAP loses its carrier when QEMU lets it go.
    for (const { fd } of cards) closeSync(fd)
    this.guest = guest
    if (this.agentSocket !== null) await shareAgentLine(this.agentSocket, guest.agent)
    this.phase = 'Running'
    this.log.info(`Guest started: QEMU has pid ${guest.pid}`)
  }

  async pause(): Promise<void> {
    await this.guest!.qmp.command('stop')
    this.phase = 'Paused'
  }

  async resume(): Promise<void> {
    await this.guest!.qmp.command('cont')
    this.phase = 'Running'
  }

  async sendCtrlAltDel(): Promise<void> {
    const keys = ['ctrl', 'alt', 'delete'].map((data) => ({ type: 'qcode', data }))
    await this.guest!.qmp.command('send-key', { keys })
  }

  private onEnd(how: string, said: string): void {
    this.log.error(`QEMU ended: ${how}${said === '' ? '' : `: ${said}`}`)
    this.finish(1, 'QEMU ended')
  }

  private finish(code: number, why: string): void {
    this.log.info(`Firecracker exiting: ${why}. exit_code=${code}`)
    this.metrics.flush()
    this.end(code)
  }
}

function openable(path: string, mode: 'r' | 'r+', text: (why: string) => string): void {
  try {
    closeSync(openSync(path, mode === 'r' ? constants.O_RDONLY : constants.O_RDWR))
  } catch (error) {
    throw new Fault(text(osError((error as NodeJS.ErrnoException).errno ?? 0)))
  }
}

/** Locally administered and unicast; new at each boot, as a guest of Firecracker's makes one up then. */
function randomMac(): string {
  const bytes = randomBytes(6)
  bytes[0] = (bytes[0]! & 0xfc) | 2
  return bytes.toString('hex').replace(/..(?!$)/g, '$&:')
}
