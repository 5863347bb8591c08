// This machine, as verbs see it: the Host port, what is remembered, and a way into each guest.
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MicrolanError } from '../errors.ts'
import type { Channel, ExecOptions, ExecResult } from '../guest/channel.ts'
import { openChannel, TTY_PIECE_BYTES } from '../guest/channel.ts'
import type { GuestImage } from '../guest/image.ts'
import { ensureImage } from '../guest/image.ts'
import { openTtyLine } from '../guest/tty-line.ts'
import type { Guest, VmmKind } from '../model/desired.ts'
import type { PingResult } from '../ping/parse.ts'
import { parsePings } from '../ping/parse.ts'
import type { PingWish } from '../ping/render.ts'
import { renderGuestPings } from '../ping/render.ts'
import { pingFromHost } from '../ping/run.ts'
import { lock } from '../state/lock.ts'
import { isAlive } from '../state/process-id.ts'
import type { VmmRecord } from '../state/store.ts'
import { Store } from '../state/store.ts'
import { tail, vmmFiles } from '../vmm/run.ts'
import { LinuxHost } from './linux.ts'
import type { Settings } from './settings.ts'
import type { VmmChoice } from './vmm-choice.ts'
import { chooseVmm } from './vmm-choice.ts'

export class Machine implements Disposable {
  readonly settings: Settings
  readonly store: Store
  readonly host: LinuxHost

  private constructor(settings: Settings, store: Store) {
    this.settings = settings
    this.store = store
    this.host = new LinuxHost(settings, store)
  }

  /** @throws state-not-writable, disk-full */
  static open(settings: Settings): Machine {
    return new Machine(settings, Store.open(settings.stateDir))
  }

  [Symbol.dispose](): void {
    this.host[Symbol.dispose]()
    this.store[Symbol.dispose]()
  }

  /** Waits until no other microlan changes things here; dispose lets the next one go on. */
  lock(signal: AbortSignal, onWait: (holder: string) => void): Promise<Disposable> {
    return lock({ directory: this.settings.stateDir, signal, onWait })
  }

  /** The built-in guest's kernel and initrd, built on first use. */
  image(onStep: (text: string) => void): Promise<GuestImage> {
    const { imageSources: sources, cacheDir } = this.settings
    return ensureImage({ sources, cacheDir, onStep })
  }

  /** The guest's VMM if it lives. */
  vmm(lab: string, name: string): VmmRecord | null {
    const record = this.store.vmms().find(({ guest }) => guest.lab === lab && guest.name === name)
    return record?.process && isAlive(record.process) ? record : null
  }

  files(guest: Guest) {
    return vmmFiles(join(this.settings.stateDir, 'guests', guest.lab, guest.name))
  }

  /** The lab is gone: so are its guests' files, and what is remembered of it. */
  forget(lab: string, leases: 'kept' | 'forgotten'): void {
    this.store.removeLab(lab, leases)
    rmSync(join(this.settings.stateDir, 'guests', lab), { recursive: true, force: true })
  }

  chooseVmm(wanted: 'auto' | VmmKind, kernel: string, signal: AbortSignal): Promise<VmmChoice> {
    return chooseVmm(wanted, { settings: this.settings, kernel, signal })
  }

  /**
   * Waits until the guest can be used: for the built-in image, its agent answers, so its network is
   * configured; of another image only its answer to the host's ping can be seen.
   *
   * @throws guest-not-ready with the end of its console
   */
  async ready(guest: Guest, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const watched = new AbortController()
    const stop = AbortSignal.any([signal, watched.signal])
    try {
      await Promise.race([
        guest.image === 'built-in'
          ? this.agentReady(guest, timeoutMs, stop)
          : this.answers(guest, timeoutMs, stop),
        this.ended(guest, stop),
      ])
    } catch (error) {
      signal.throwIfAborted()
      throw this.notReady(guest, error)
    } finally {
      watched.abort()
    }
  }

  /**
   * Runs a command inside a guest, out of band: it works when the guest's network does not.
   *
   * @throws guest-stopped, guest-no-agent, channel-closed
   */
  async exec(guest: Guest, command: readonly string[] | string, options: ExecOptions): Promise<ExecResult> {
    using channel = await this.channel(guest)
    return await channel.exec(command, options)
  }

  /** Pings from inside a guest. */
  async pingFromGuest(
    guest: Guest,
    wish: PingWish,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PingResult>> {
    const { stdout } = await this.exec(guest, renderGuestPings(wish), { signal })
    return parsePings(stdout.toString())
  }

  pingFromHost(wish: PingWish, signal: AbortSignal): Promise<ReadonlyMap<string, PingResult>> {
    return pingFromHost(wish, signal)
  }

  private async channel(guest: Guest): Promise<Channel> {
    if (!this.vmm(guest.lab, guest.name)) throw stopped(guest)
    if (guest.image !== 'built-in') throw noAgent(guest)
    const files = this.files(guest)
    if (guest.vmm === 'firecracker') {
      const runs = () => this.vmm(guest.lab, guest.name) !== null
      return openChannel(openTtyLine(files.input, files.console, runs), TTY_PIECE_BYTES)
    }
    const socket = connect(files.agentSocket)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return openChannel(socket)
  }

  private async agentReady(guest: Guest, timeoutMs: number, signal: AbortSignal): Promise<void> {
    using channel = await this.channel(guest)
    await channel.ready({ timeoutMs, signal })
  }

  private async answers(guest: Guest, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const targets = guest.ports.map(({ ip }) => ip)
    const deadline = performance.now() + timeoutMs
    while (targets.length > 0) {
      const wish = { targets, count: 1, intervalMs: 200, timeoutMs: 1000 }
      const results = await pingFromHost(wish, signal)
      if (targets.every((target) => results.get(target)?.received)) return
      if (performance.now() > deadline) throw new Error(`no answer to ping within ${timeoutMs / 1000} s`)
    }
  }

  /** Rejects when the guest's VMM ends. */
  private async ended(guest: Guest, signal: AbortSignal): Promise<never> {
    while (this.vmm(guest.lab, guest.name)) await delay(100, undefined, { signal })
    throw new Error('its VMM ended')
  }

  private notReady(guest: Guest, cause: unknown): MicrolanError {
    const files = this.files(guest)
    const said = cause instanceof MicrolanError ? cause.what : (cause as Error).message
    return new MicrolanError({
      code: 'guest-not-ready',
      what: `Guest "${guest.name}" was started and did not get ready.`,
      evidence: [
        { source: 'microlan', from: 'waiting', said },
        { source: 'guest', from: files.console, said: tail(files.console, 12) },
        { source: guest.vmm, from: files.log, said: tail(files.log, 4) },
      ],
      fix: [
        { say: 'Read its whole console:', run: `microlan logs ${guest.name}` },
        { say: 'Then change the file, and:', run: 'microlan up' },
      ],
      state: 'The lab was left as it is, so that you can look; "microlan down" removes it.',
      cause,
    })
  }
}

const stopped = (guest: Guest): MicrolanError =>
  new MicrolanError({
    code: 'guest-stopped',
    what: `Guest "${guest.name}" is not running.`,
    evidence: [{ source: 'lab', from: `lab "${guest.lab}"`, said: `${guest.name}: stopped` }],
    fix: [{ say: 'Start it:', run: `microlan start ${guest.name}` }],
  })

const noAgent = (guest: Guest): MicrolanError =>
  new MicrolanError({
    code: 'guest-no-agent',
    what: `Guest "${guest.name}" boots its own kernel, so there is no agent of ours in it to run commands.`,
    evidence: [{ source: 'lab', from: `guest "${guest.name}"`, said: `kernel: ${guest.kernel}` }],
    fix: [{ say: 'Use its console:', run: `microlan console ${guest.name}` }],
  })
