// Steps on guests: VMMs started and stopped, and the record of whose they are.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { MicrolanError } from '../errors.ts'
import { readTapHolders } from '../kernel/tap.ts'
import type { Guest } from '../model/desired.ts'
import type { ObservedGuest } from '../model/observed.ts'
import type { StepOf } from '../plan/step.ts'
import { isAlive, readStartTicks } from '../state/process-id.ts'
import type { Store, VmmRecord } from '../state/store.ts'
import type { VmmFiles } from '../vmm/run.ts'
import { startVmm, vmmFiles } from '../vmm/run.ts'
import { stopVmm } from '../vmm/stop.ts'
import type { Settings } from './settings.ts'

export class GuestSteps {
  private readonly settings: Settings
  private readonly store: Store

  constructor(settings: Settings, store: Store) {
    this.settings = settings
    this.store = store
  }

  /** Guests whose VMMs live, as far as they are ours. */
  observe(): readonly ObservedGuest[] {
    return this.store.vmms().flatMap((record) => {
      const process = this.processOf(record)
      if (!process) return []
      const { guest, phase } = record
      return [{ guest, phase, pid: process.pid, apiSocket: vmmFiles(record.directory).apiSocket }]
    })
  }

  /** A few at a time: each start costs a process that is busy for its first 100 ms. */
  async start(steps: readonly StepOf<'start-guest'>[], signal: AbortSignal): Promise<void> {
    const queue = steps.values()
    const worker = async () => {
      for (const { guest } of queue) {
        signal.throwIfAborted()
        await this.startOne(guest, signal)
      }
    }
    const workers = Array.from({ length: Math.min(steps.length, availableParallelism() + 1) }, worker)
    const results = await Promise.allSettled(workers)
    const failure = results.find((result) => result.status === 'rejected')
    if (failure) throw failure.reason
  }

  /** Idempotent: a guest that does not run is stopped. */
  async stop(steps: readonly StepOf<'stop-guest'>[]): Promise<void> {
    await Promise.all(steps.map(({ guest }) => this.stopOne(guest)))
  }

  private async startOne(guest: Guest, signal: AbortSignal): Promise<void> {
    const files = vmmFiles(join(this.settings.stateDir, 'guests', guest.lab, guest.name))
    const record: VmmRecord = {
      guest,
      kind: guest.vmm,
      directory: files.directory,
      process: null,
      phase: 'starting',
    }
    // Before there is a process: if we are killed right after the spawn, it is found by its directory.
    this.store.saveVmm(record)
    let started = record
    const onSpawn = (pid: number) => {
      started = { ...record, process: { pid, startTicks: readStartTicks(pid) ?? -1 } }
      this.store.saveVmm(started)
    }
    try {
      await startVmm({ guest, files, command: this.commandFor(guest), signal, onSpawn })
    } catch (error) {
      throw withHolder(error, guest)
    }
    this.store.saveVmm({ ...started, phase: 'running' })
  }

  private async stopOne(guest: Guest): Promise<void> {
    const record = this.store.vmms().find((other) => isSame(other.guest, guest))
    if (!record) return
    const process = this.processOf(record)
    const files = vmmFiles(record.directory)
    if (process) {
      const manner = guest.rootfs === null ? 'killed' : 'asked'
      await stopVmm({ ...process, isAlive: () => isAlive(process), apiSocket: files.apiSocket, manner })
    }
    this.store.removeVmm(guest.lab, guest.name)
    removeSockets(files)
  }

  /** The live process of a record. One that was never written down is looked for by its arguments. */
  private processOf(record: VmmRecord) {
    if (record.process) return isAlive(record.process) ? record.process : null
    const pid = findByArgument(vmmFiles(record.directory).apiSocket)
    const startTicks = pid === null ? null : readStartTicks(pid)
    return pid === null || startTicks === null ? null : { pid, startTicks }
  }

  private commandFor(guest: Guest): readonly string[] {
    if (guest.vmm === 'emulator') return this.settings.emulator
    return [this.settings.firecracker ?? 'firecracker']
  }
}

const isSame = (a: Guest, b: Guest): boolean => a.lab === b.lab && a.name === b.name

/** Consoles and logs stay for a look; sockets would only mislead. */
function removeSockets({ apiSocket, agentSocket, input }: VmmFiles): void {
  for (const path of [apiSocket, agentSocket, input]) rmSync(path, { force: true })
}

/** The process that has this path among its arguments. A path of ours is nobody else's argument. */
function findByArgument(argument: string): number | null {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      if (words.includes('--api-sock') && words.includes(argument)) return Number(name)
    } catch {
      // Ended while we looked.
    }
  }
  return null
}

/** Who holds the tap that a VMM could not have: the question that "busy" leaves open. */
function withHolder(error: unknown, guest: Guest): unknown {
  if (!(error instanceof MicrolanError) || error.code !== 'tap-busy') return error
  const holders = readTapHolders()
  const held = guest.ports.flatMap(({ tap }) => {
    const holder = holders.get(tap)
    return holder
      ? [{ source: 'kernel', from: holder.from, said: `iff: ${tap}  (${holder.command}, pid ${holder.pid})` }]
      : []
  })
  const [first] = guest.ports.flatMap(({ tap }) => holders.get(tap) ?? [])
  const { code, what, fix, state, exit, cause, evidence } = error
  const advice = first ? [{ say: `End ${first.command}:`, run: `kill ${first.pid}` }] : []
  return new MicrolanError({
    code,
    what,
    state,
    exit,
    cause,
    evidence: [...evidence, ...held],
    fix: [...advice, ...fix],
  })
}
