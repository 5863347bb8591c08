// Request bodies: what each may hold, checked as strictly as Firecracker's own (serde, deny_unknown_fields),
// with its texts. The same tables check sections of a configuration file.
import { Fault } from './fault.ts'

type Rule =
  | { readonly kind: 'integer'; readonly type: 'u8' | 'u16' | 'u32' | 'u64' | 'usize' }
  | { readonly kind: 'string' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'mac' }
  | { readonly kind: 'object'; readonly fields: Fields }
  | { readonly kind: 'map' }

interface Field {
  readonly rule: Rule
  readonly required: boolean
}

export type Fields = Readonly<Record<string, Field>>

const must = <R extends Rule>(rule: R) => ({ rule, required: true }) as const
const may = <R extends Rule>(rule: R) => ({ rule, required: false }) as const
const integer = (type: 'u8' | 'u16' | 'u32' | 'u64' | 'usize') => ({ kind: 'integer', type }) as const
const string = { kind: 'string' } as const
const boolean = { kind: 'boolean' } as const
const choice = (...of: readonly string[]) => ({ kind: 'choice', of }) as const

const u64 = integer('u64')
const bucket = {
  kind: 'object',
  fields: { size: must(u64), one_time_burst: may(u64), refill_time: must(u64) },
} as const
const limiter = { kind: 'object', fields: { bandwidth: may(bucket), ops: may(bucket) } } as const

const machine = {
  smt: may(boolean),
  cpu_template: may(choice('C3', 'T2', 'T2S', 'T2CL', 'T2A', 'V1N1', 'None')),
  track_dirty_pages: may(boolean),
  huge_pages: may(choice('None', '2M')),
}

/** By the name of the API's resource, which is that of the configuration file's section too. */
export const bodies = {
  'machine-config': { vcpu_count: must(integer('u8')), mem_size_mib: must(integer('usize')), ...machine },
  'machine-config-patch': { vcpu_count: may(integer('u8')), mem_size_mib: may(integer('usize')), ...machine },
  'boot-source': { kernel_image_path: must(string), initrd_path: may(string), boot_args: may(string) },
  drive: {
    drive_id: must(string),
    partuuid: may(string),
    is_root_device: must(boolean),
    cache_type: may(choice('Unsafe', 'Writeback')),
    is_read_only: may(boolean),
    path_on_host: may(string),
    rate_limiter: may(limiter),
    io_engine: may(choice('Sync', 'Async')),
    socket: may(string),
  },
  'network-interface': {
    iface_id: must(string),
    host_dev_name: must(string),
    guest_mac: may({ kind: 'mac' } as const),
    mtu: may(integer('u16')),
    rx_rate_limiter: may(limiter),
    tx_rate_limiter: may(limiter),
  },
  action: { action_type: must(choice('FlushMetrics', 'InstanceStart', 'SendCtrlAltDel')) },
  vm: { state: must(choice('Paused', 'Resumed')) },
  logger: {
    log_path: may(string),
    level: may(string),
    show_level: may(boolean),
    show_log_origin: may(boolean),
    module: may(string),
  },
  metrics: { metrics_path: must(string), emit_id: may(boolean), properties: may({ kind: 'map' } as const) },
} as const satisfies Record<string, Fields>

type ValueOf<R> = R extends { readonly kind: 'integer' }
  ? number
  : R extends { readonly kind: 'boolean' }
    ? boolean
    : R extends { readonly kind: 'object' | 'map' }
      ? object
      : string

type Required<F extends Fields> = { [K in keyof F]: F[K]['required'] extends true ? K : never }[keyof F]

/** A checked body: required fields are there, the others may be. */
export type Body<F extends Fields> = { readonly [K in Required<F>]: ValueOf<F[K]['rule']> } & {
  readonly [K in Exclude<keyof F, Required<F>>]?: ValueOf<F[K]['rule']>
}

export type MachineConfig = Body<(typeof bodies)['machine-config']>
export type BootSource = Body<(typeof bodies)['boot-source']>
export type Drive = Body<(typeof bodies)['drive']>
export type NetworkInterface = Body<(typeof bodies)['network-interface']>
export type Logger = Body<(typeof bodies)['logger']>
export type Metrics = Body<(typeof bodies)['metrics']>

const PREFIX = 'An error occurred when deserializing the json body of a request: '

/** @throws Fault with serde's text; its line and column are those of the body's end, not of the mistake */
export function parseBody<F extends Fields>(text: string, fields: F): Body<F> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Fault(`${PREFIX}expected value at line 1 column ${text.length}.`)
  }
  try {
    return checkBody(value, fields)
  } catch (error) {
    throw error instanceof Fault
      ? new Fault(`${PREFIX}${error.message} at line 1 column ${text.length}.`)
      : error
  }
}

/** @throws Fault with serde's text, without a place */
export function checkBody<F extends Fields>(value: unknown, fields: F): Body<F> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault(`invalid type: ${typeName(value)}, expected struct`)
  for (const [key, part] of Object.entries(value)) {
    const field = fields[key]
    if (!field) throw new Fault(`unknown field \`${key}\`, expected ${oneOf(Object.keys(fields))}`)
    // An Option's null is its absence.
    if (part !== null || field.required) check(part, field.rule)
  }
  for (const [key, { required }] of Object.entries(fields))
    if (required && !(key in value)) throw new Fault(`missing field \`${key}\``)
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null)) as Body<F>
}

const oneOf = (names: readonly string[]): string => {
  const quoted = names.map((name) => `\`${name}\``)
  return quoted.length === 1 ? quoted[0]! : `one of ${quoted.join(', ')}`
}

const MAX = { u8: 2 ** 8 - 1, u16: 2 ** 16 - 1, u32: 2 ** 32 - 1, u64: 2 ** 64, usize: 2 ** 64 } as const

function check(value: unknown, rule: Rule): void {
  const wrong = (expected: string): Fault =>
    new Fault(`invalid type: ${typeName(value)}, expected ${expected}`)
  switch (rule.kind) {
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) throw wrong(rule.type)
      if (value < 0 || value > MAX[rule.type])
        throw new Fault(`invalid value: integer \`${value}\`, expected ${rule.type}`)
      return
    case 'string':
      if (typeof value !== 'string') throw wrong('a string')
      return
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('a boolean')
      return
    case 'choice':
      if (typeof value !== 'string') throw wrong('string or map')
      if (!rule.of.includes(value))
        throw new Fault(`unknown variant \`${value}\`, expected ${oneOf(rule.of)}`)
      return
    case 'mac':
      if (typeof value !== 'string' || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value))
        throw new Fault('The provided MAC address is invalid.')
      return
    case 'object':
      checkBody(value, rule.fields)
      return
    case 'map':
      if (typeof value !== 'object' || value === null) throw wrong('a map')
      return
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return `string "${value}"`
  if (typeof value === 'boolean') return `boolean \`${value}\``
  if (typeof value === 'number')
    return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``
  return Array.isArray(value) ? 'sequence' : 'map'
}
