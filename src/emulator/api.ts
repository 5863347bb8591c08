// The API as a table: which request, in which phase, does what. Everything else is Firecracker's own refusal.
import { bodies, parseBody } from './bodies.ts'
import { Fault, notEmulated } from './fault.ts'
import type { HttpRequest, HttpResponse } from './http.ts'
import type { Machine } from './machine.ts'
import { VERSION } from './version.ts'

interface Call {
  readonly machine: Machine
  /** The part of the path after the resource; '' when there is none. */
  readonly id: string
  readonly body: string
}

interface Endpoint {
  readonly method: HttpRequest['method']
  /** First part of the path. */
  readonly resource: string
  /** When it may be called. */
  readonly phase: 'before' | 'running' | 'any'
  /** The answer to a GET; nothing for the rest. */
  readonly handle: (call: Call) => object | Promise<void> | void
}

const endpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    resource: '',
    phase: 'any',
    handle: ({ machine }) => ({
      id: machine.id,
      state: machine.phase,
      vmm_version: VERSION,
      app_name: 'Firecracker',
    }),
  },
  { method: 'GET', resource: 'version', phase: 'any', handle: () => ({ firecracker_version: VERSION }) },
  {
    method: 'GET',
    resource: 'machine-config',
    phase: 'any',
    handle: ({ machine }) => machine.machineConfig(),
  },
  {
    method: 'GET',
    resource: 'vm',
    phase: 'any',
    handle: ({ machine, id }) => {
      if (id !== 'config') throw new Fault(`Invalid request method and/or path: GET vm/${id}.`)
      return machine.fullConfig()
    },
  },
  {
    method: 'PUT',
    resource: 'machine-config',
    phase: 'before',
    handle: ({ machine, body }) => machine.setMachineConfig(parseBody(body, bodies['machine-config'])),
  },
  {
    method: 'PATCH',
    resource: 'machine-config',
    phase: 'before',
    handle: ({ machine, body }) => {
      const change = parseBody(body, bodies['machine-config-patch'])
      if (Object.keys(change).length === 0) throw new Fault('Empty PATCH request.')
      machine.setMachineConfig(change)
    },
  },
  {
    method: 'PUT',
    resource: 'boot-source',
    phase: 'before',
    handle: ({ machine, body }) => machine.setBootSource(parseBody(body, bodies['boot-source'])),
  },
  {
    method: 'PUT',
    resource: 'drives',
    phase: 'before',
    handle: ({ machine, id, body }) => {
      const drive = parseBody(body, bodies.drive)
      checkId(id, drive.drive_id)
      machine.setDrive(drive)
    },
  },
  {
    method: 'PUT',
    resource: 'network-interfaces',
    phase: 'before',
    handle: async ({ machine, id, body }) => {
      const card = parseBody(body, bodies['network-interface'])
      checkId(id, card.iface_id)
      await machine.setInterface(card)
    },
  },
  {
    method: 'PUT',
    resource: 'logger',
    phase: 'before',
    handle: ({ machine, body }) => machine.setLogger(parseBody(body, bodies.logger)),
  },
  {
    method: 'PUT',
    resource: 'metrics',
    phase: 'before',
    handle: ({ machine, body }) => machine.setMetrics(parseBody(body, bodies.metrics)),
  },
  { method: 'PUT', resource: 'actions', phase: 'any', handle: ({ machine, body }) => act(machine, body) },
  {
    method: 'PATCH',
    resource: 'vm',
    phase: 'running',
    handle: async ({ machine, body }) => {
      const { state } = parseBody(body, bodies.vm)
      await (state === 'Paused' ? machine.pause() : machine.resume())
    },
  },
]

/** What real Firecracker has and this does not; each says so instead of being an unknown path. */
const missing: Readonly<Record<string, string>> = {
  mmds: 'The metadata service (MMDS)',
  vsock: 'vsock',
  balloon: 'The balloon',
  entropy: 'The entropy device',
  serial: 'PUT /serial',
  snapshot: 'Snapshots',
  pmem: 'pmem',
  hotplug: 'Memory hot-plug',
  'cpu-config': 'cpu-config',
}

async function act(machine: Machine, body: string): Promise<void> {
  const { action_type: action } = parseBody(body, bodies.action)
  checkPhase(machine, action === 'InstanceStart' ? 'before' : 'running')
  if (action === 'InstanceStart') await machine.start()
  else if (action === 'SendCtrlAltDel') await machine.sendCtrlAltDel()
  else machine.metrics.flush()
}

function checkPhase(machine: Machine, phase: Endpoint['phase']): void {
  const started = machine.phase !== 'Not started'
  if (phase === 'before' && started)
    throw new Fault('The requested operation is not supported after starting the microVM.')
  if (phase === 'running' && !started)
    throw new Fault('The requested operation is not supported before starting the microVM.')
}

function checkId(fromPath: string, fromBody: string): void {
  if (fromPath === '') throw new Fault('The ID cannot be empty.')
  if (!/^[A-Za-z0-9_]+$/.test(fromPath))
    throw new Fault('API Resource IDs can only contain alphanumeric characters and underscores.')
  if (fromPath !== fromBody)
    throw new Fault(`The id from the path [${fromPath}] does not match the id from the body [${fromBody}]!`)
}

/** The answer to a request. Never throws: what goes wrong is a 400 with its text. */
export async function answer(machine: Machine, { method, path, body }: HttpRequest): Promise<HttpResponse> {
  machine.metrics.count(`${method.toLowerCase()}_requests`)
  machine.log.debug(`The API server received a ${method} request on "${path}".`)
  try {
    const found = await route(machine, { method, path, body })
    return found === undefined ? { status: 204, body: null } : { status: 200, body: JSON.stringify(found) }
  } catch (error) {
    const message = error instanceof Fault ? error.message : `Internal VMM error: ${(error as Error).message}`
    machine.log.error(`Received Error. Status code: 400 Bad Request. Message: ${message}`)
    return { status: 400, body: JSON.stringify({ fault_message: message }) }
  }
}

async function route(machine: Machine, { method, path, body }: HttpRequest): Promise<object | undefined> {
  const [resource = '', id = ''] = path.slice(1).split('/')
  if (method === 'GET' && body !== null) throw new Fault('GET request cannot have a body.')
  if ((method === 'PUT' || method === 'PATCH') && body === null) throw new Fault(`Empty ${method} request.`)
  if (method === 'DELETE' && body !== null) throw new Fault('Empty Delete request.')
  if (missing[resource]) throw notEmulated(missing[resource])
  const endpoint = endpoints.find((one) => one.method === method && one.resource === resource)
  if (!endpoint) {
    // A resource of its own right, but changed while the guest runs: Firecracker can, and this cannot yet.
    if (method === 'PATCH' && ['drives', 'network-interfaces'].includes(resource))
      throw notEmulated(`PATCH /${resource}`)
    throw new Fault(`Invalid request method and/or path: ${method} ${path.slice(1)}.`)
  }
  checkPhase(machine, endpoint.phase)
  return (await endpoint.handle({ machine, id, body: body ?? '' })) ?? undefined
}
