// A small hash for names that must come out the same on every run; not for security.

/** FNV-1a, 32 bits, unsigned (draft-eastlake-fnv). */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193)
  return value >>> 0
}
