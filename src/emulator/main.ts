// firecracker-emulator: started like firecracker, answers like firecracker, runs its guest under QEMU.
import { existsSync } from 'node:fs'
import { answer } from './api.ts'
import type { Arguments } from './arguments.ts'
import { ArgumentError, helpText, parseArguments } from './arguments.ts'
import { Fault } from './fault.ts'
import { Log, parseLevel } from './log.ts'
import { VERSION } from './version.ts'

/** Firecracker's exit codes (FcExitCode). */
const EXIT = { ok: 0, generic: 1, badConfiguration: 152, arguments: 153, abort: 134 } as const

const say = (text: string): void => void process.stdout.write(text)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

async function main(): Promise<void> {
  const args = readArguments()
  if (!args) return
  if (args.has('help')) return say(helpText())
  if (args.has('version')) return say(`Firecracker v${VERSION}\n\n`)
  const kernel = args.get('accelerator')
  if (kernel !== undefined) return await printAccelerator(kernel)
  const id = args.get('id') ?? 'anonymous-instance'
  // The original panics on a bad id, which a shell sees as 134.
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) return end(EXIT.abort, `Invalid instance ID: ${id}`)
  for (const name of ['metadata', 'enable-pci', 'snapshot-version', 'describe-snapshot'])
    if (args.has(name)) return end(EXIT.generic, `Error: --${name} is not emulated by firecracker-emulator`)
  try {
    await run(args, id)
  } catch (error) {
    end(error instanceof Fault ? EXIT.badConfiguration : EXIT.generic, `Error: ${(error as Error).message}`)
  }
}

function readArguments(): Arguments | null {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    end(EXIT.arguments, `Error: ParseArguments(${error.message})`)
    return null
  }
}

async function run(args: Arguments, id: string): Promise<void> {
  const log = new Log(id)
  const level = args.get('level')
  const parsed = level === undefined ? undefined : parseLevel(level)
  if (parsed === null)
    return end(EXIT.badConfiguration, `Error: LoggerInitialization: unknown level ${level}`)
  log.configure({ path: args.get('log-path'), level: parsed, showLevel: args.has('show-level') || undefined })
  log.info(`Running Firecracker v${VERSION}`)
  const { Machine } = await import('./machine.ts')
  const machine = new Machine({
    id,
    log,
    agentSocket: args.get('agent-sock') ?? null,
    end: (code) => process.exit(code),
  })
  const metrics = args.get('metrics-path')
  if (metrics !== undefined) machine.setMetrics({ metrics_path: metrics })
  // The socket is bound first: requests that come while the guest boots from a file wait for it.
  const booted = Promise.withResolvers<void>()
  if (!args.has('no-api'))
    await listen(args, (request) => booted.promise.then(() => answer(machine, request)))
  const file = args.get('config-file')
  if (file !== undefined) await bootFrom(machine, file)
  booted.resolve()
}

async function bootFrom(machine: import('./machine.ts').Machine, file: string): Promise<void> {
  if (!existsSync(file)) return end(EXIT.abort, `Unable to open or read from the configuration file: ${file}`)
  const { bootFromFile } = await import('./config-file.ts')
  try {
    await bootFromFile(machine, file)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    machine.log.error(error.message)
    end(EXIT.generic, `Error: RunWithApi(BuildMicrovm: ${error.message})`)
  }
}

async function listen(
  args: Arguments,
  handle: Parameters<typeof import('./http.ts').serve>[0]['handle'],
): Promise<void> {
  const path = args.get('api-sock') ?? '/run/firecracker.socket'
  const payloadMax = Number(args.get('http-api-max-payload-size') ?? 51200)
  const { serve } = await import('./http.ts')
  try {
    await serve({ path, payloadMax, handle })
  } catch (error) {
    const advice = 'Check that it is not already used.'
    throw new Error(`Failed to open the API socket at: ${path}. ${advice} (${(error as Error).message})`)
  }
}

async function printAccelerator(kernel: string): Promise<void> {
  const { chooseAccelerator } = await import('./accelerator.ts')
  say(`${JSON.stringify(await chooseAccelerator(kernel))}\n`)
}

function end(code: number, text: string): void {
  complain(text)
  process.exit(code)
}

await main()
