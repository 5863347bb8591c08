// The lab file's schema: the single source of its types, its checks and its JSON Schema for editors.
// Each field's message says what is wanted there; lab-file.ts adds the value, the place and the nearest word.
import { z } from 'zod'

/** A key whose only value today is the one that leaves the feature off. */
const later = <const T extends string | boolean>(off: T) =>
  z.literal(off, { error: `${off} (this version of microlan has nothing else here yet)` }).optional()

/** `128MiB`, `1GiB`, or a plain number of MiB. */
const memoryMiB = z
  .union([z.int(), z.string().regex(/^\d+ ?(MiB|GiB)$/)], { error: 'a size such as 128MiB or 1GiB' })
  .transform((value) => {
    const [, amount, unit] = /^(\d+) ?(\w*)$/.exec(String(value)) ?? []
    return Number(amount) * (unit === 'GiB' ? 1024 : 1)
  })
  .refine((mib) => mib >= 96 && mib <= 65536, {
    error: 'between 96MiB (less, and the kernel does not start) and 64GiB',
  })

const place = z.strictObject(
  {
    ip: z.string({ error: 'an IPv4 address of the network' }).optional(),
    mac: z.string({ error: 'auto, or six hex bytes such as 06:00:ac:1e:00:02' }).default('auto'),
  },
  { error: 'a map with ip and mac' },
)

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, {
  error: 'a name of 1 to 32 small letters, digits and dashes',
})

const networkSchema = z
  .strictObject(
    {
      subnet: z.string({ error: 'a range such as 172.30.0.0/24' }).optional(),
      mode: z.enum(['switch', 'hub'], { error: 'switch or hub' }).default('switch'),
      mtu: z
        .union([z.literal('auto'), z.int().min(576).max(65535)], { error: 'auto, or 576 to 65535 bytes' })
        .default('auto'),
      bridge: z.string({ error: 'an interface name of at most 15 bytes' }).optional(),
      uplink: later('none'),
      subnet6: later('off'),
      isolate: later(false),
      dhcp: later(false),
      dns: later(false),
    },
    { error: 'a map of settings (or nothing)' },
  )
  .nullish()
  .transform((network) => network ?? { mode: 'switch' as const, mtu: 'auto' as const })

const guestSchema = z.strictObject(
  {
    networks: z.union([z.array(z.string()), z.record(z.string(), place.nullish())], {
      error: 'a list of networks, or a map of network to {ip, mac}',
    }),
    vcpus: z.int({ error: 'a whole number' }).min(1, '1 to 32').max(32, '1 to 32').default(1),
    memory: memoryMiB.default(128),
    kernel: z.string({ error: 'a path' }).optional(),
    initrd: z.string({ error: 'a path' }).optional(),
    rootfs: z.string({ error: 'a path' }).optional(),
    bootArgs: z.string({ error: 'text' }).optional(),
  },
  { error: 'a map such as {networks: [lan]}' },
)

export const labSchema = z.strictObject(
  {
    name: name.optional(),
    networks: z.record(name, networkSchema, { error: 'a map of networks' }),
    guests: z.record(name, guestSchema, { error: 'a map of guests' }).default({}),
    vmm: z
      .enum(['auto', 'firecracker', 'emulator'], { error: 'auto, firecracker or emulator' })
      .default('auto'),
  },
  { error: 'a map with networks and guests' },
)

/** A lab file as written, each value of the right kind, none of them checked against another or the host. */
export type LabFileBody = z.output<typeof labSchema>
export type NetworkFile = LabFileBody['networks'][string]
export type GuestFile = LabFileBody['guests'][string]
