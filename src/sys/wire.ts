// Netlink messages as bytes: a header, a fixed part, attributes. Pure; knows no message in particular.
// Numbers are in the host's byte order, which is little-endian wherever microlan runs.

/** nlmsghdr: length, type, flags, sequence, port (linux/netlink.h). */
export const HEADER_BYTES = 16
const NLA_F_NESTED = 0x8000
/** The two top bits of an attribute's type are flags (NLA_TYPE_MASK). */
const NLA_TYPE_MASK = 0x3fff

const align = (length: number): number => (length + 3) & ~3

/** One attribute's bytes: length, type, value, padding to four. */
export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(align(4 + value.length))
  bytes.writeUInt16LE(4 + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  value.copy(bytes, 4)
  return bytes
}

export const u8 = (value: number): Buffer => Buffer.from([value])
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
/** Big-endian, as nfnetlink wants its numbers. */
export const be32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
/** With the closing NUL that the kernel's NLA_NUL_STRING policies ask for. */
export const text = (value: string): Buffer => Buffer.from(`${value}\0`)

export const nested = (type: number, ...parts: readonly Buffer[]): Buffer =>
  attribute(type | NLA_F_NESTED, Buffer.concat(parts))

/** A whole message. `sequence` comes back in its answer. */
export function message(options: {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly payload: Buffer
}): Buffer {
  const bytes = Buffer.alloc(align(HEADER_BYTES + options.payload.length))
  bytes.writeUInt32LE(HEADER_BYTES + options.payload.length, 0)
  bytes.writeUInt16LE(options.type, 4)
  bytes.writeUInt16LE(options.flags, 6)
  bytes.writeUInt32LE(options.sequence, 8)
  options.payload.copy(bytes, HEADER_BYTES)
  return bytes
}

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly payload: Buffer
}

/** The messages of one datagram. */
export function* messages(bytes: Buffer): Generator<Message> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (length < HEADER_BYTES || at + length > bytes.length) return
    yield {
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      sequence: bytes.readUInt32LE(at + 8),
      payload: bytes.subarray(at + HEADER_BYTES, at + length),
    }
    at += align(length)
  }
}

/** Attributes by type, from `offset` on. Of a repeated one, the last; see {@link eachAttribute} for lists. */
export function attributes(bytes: Buffer, offset = 0): ReadonlyMap<number, Buffer> {
  return new Map(eachAttribute(bytes, offset))
}

export function* eachAttribute(bytes: Buffer, offset = 0): Generator<readonly [number, Buffer]> {
  for (let at = offset; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) return
    yield [bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length)]
    at += align(length)
  }
}

/** Text without its closing NUL. */
export const readText = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end)
}
