// --config-file: the whole configuration as one JSON object, applied in Firecracker's order, then started.
import { readFileSync } from 'node:fs'
import type { Fields } from './bodies.ts'
import { bodies, checkBody } from './bodies.ts'
import { Fault, notEmulated } from './fault.ts'
import type { Machine } from './machine.ts'

const absent = ['cpu-config', 'vsock', 'balloon', 'mmds-config', 'entropy', 'memory-hotplug'] as const

/** @throws Fault; the error of reading for a file that cannot be read */
export async function bootFromFile(machine: Machine, path: string): Promise<void> {
  const config = parse(readFileSync(path, 'utf8'))
  for (const key of absent) if (config[key] != null) throw notEmulated(`"${key}" in the configuration file`)
  const section = <F extends Fields>(
    value: unknown,
    fields: F,
    apply: (body: ReturnType<typeof checkBody<F>>) => void,
  ) => {
    if (value != null) apply(checkBody(value, fields))
  }
  section(config.logger, bodies.logger, (body) => machine.setLogger(body))
  section(config.metrics, bodies.metrics, (body) => machine.setMetrics(body))
  section(config['machine-config'], bodies['machine-config'], (body) => machine.setMachineConfig(body))
  machine.setBootSource(checkBody(config['boot-source'], bodies['boot-source']))
  for (const drive of list(config.drives)) machine.setDrive(checkBody(drive, bodies.drive))
  for (const card of list(config['network-interfaces'] ?? []))
    await machine.setInterface(checkBody(card, bodies['network-interface']))
  await machine.start()
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const fault = (why: string): Fault =>
    new Fault(`Configuration for VMM from one single json failed: Invalid JSON: ${why}`)
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw fault((error as Error).message)
  }
  if (typeof config !== 'object' || config === null) throw fault('expected an object')
  for (const key of ['boot-source', 'drives']) if (!(key in config)) throw fault(`missing field \`${key}\``)
  return config as Readonly<Record<string, unknown>>
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Fault('Configuration for VMM from one single json failed: Invalid JSON: expected a sequence')
}
