// Which VMM runs guests here: Firecracker where KVM really runs a guest, else the emulator; and why.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { MicrolanError } from '../errors.ts'
import type { VmmKind } from '../model/desired.ts'
import type { Settings } from './settings.ts'

export interface VmmChoice {
  readonly kind: VmmKind
  /** A sentence for people: what was found. */
  readonly why: string
}

interface ChoiceContext {
  readonly settings: Settings
  /** What the probe boots. */
  readonly kernel: string
  readonly signal: AbortSignal
}

interface Accelerator {
  readonly accelerator: 'kvm' | 'tcg'
  readonly why: string
}

/**
 * `auto` asks the emulator's probe, which boots a kernel under KVM instead of looking for /dev/kvm: a
 * device that is there and cannot run a guest is common in nested clouds. The probe is cached per boot.
 *
 * @throws vmm-missing when Firecracker is asked for and there is none; emulator-broken
 */
export async function chooseVmm(
  wanted: 'auto' | VmmKind,
  { settings, kernel, signal }: ChoiceContext,
): Promise<VmmChoice> {
  if (wanted === 'firecracker' && settings.firecracker === null) throw noFirecracker()
  if (wanted === 'firecracker') return { kind: 'firecracker', why: 'the lab file asks for it' }
  const { accelerator, why } = await readAccelerator(settings, kernel, signal)
  const runs = `guests run under QEMU with ${accelerator.toUpperCase()}: ${why}`
  if (wanted === 'emulator') return { kind: 'emulator', why: runs }
  if (settings.firecracker === null) return { kind: 'emulator', why: `no firecracker in PATH; ${runs}` }
  if (accelerator === 'tcg') return { kind: 'emulator', why: runs }
  return { kind: 'firecracker', why: `${settings.firecracker}, and KVM runs guests here` }
}

async function readAccelerator(
  { emulator, cacheDir }: Settings,
  kernel: string,
  signal: AbortSignal,
): Promise<Accelerator> {
  const [program, ...leading] = emulator
  const env = { ...process.env, MICROLAN_CACHE_DIR: cacheDir }
  try {
    const { stdout } = await promisify(execFile)(program!, [...leading, '--accelerator', kernel], {
      signal,
      env,
    })
    return JSON.parse(stdout) as Accelerator
  } catch (error) {
    signal.throwIfAborted()
    throw new MicrolanError({
      code: 'emulator-broken',
      what: 'The emulator could not say how it would run guests.',
      evidence: [
        { source: 'process', from: `${emulator.join(' ')} --accelerator`, said: (error as Error).message },
      ],
      fix: [{ say: 'Set this checkout up again:', run: 'make setup' }],
      cause: error,
    })
  }
}

const noFirecracker = (): MicrolanError =>
  new MicrolanError({
    code: 'vmm-missing',
    what: 'The lab wants Firecracker, and there is no program of that name in PATH.',
    evidence: [{ source: 'process', from: 'PATH', said: process.env.PATH ?? '(empty)' }],
    fix: [
      { say: 'Put it into PATH, or name it:', run: 'MICROLAN_FIRECRACKER=/path/to/firecracker microlan up' },
      { say: 'Or take the emulator: "vmm: emulator" in the lab file.' },
    ],
  })
