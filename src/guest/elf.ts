// The libraries that an ELF program is linked with: DT_NEEDED of its dynamic section (elf(5), 64 bit, little-endian).

const SHT_DYNAMIC = 6
const DT_NEEDED = 1

/** Names as in `libpcap.so.0.8`; none for a static program. */
export function neededLibraries(elf: Buffer): readonly string[] {
  const table = Number(elf.readBigUInt64LE(0x28))
  const entrySize = elf.readUInt16LE(0x3a)
  const sections = Array.from({ length: elf.readUInt16LE(0x3c) }, (_, n) => {
    const at = table + n * entrySize
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
    }
  })
  const dynamic = sections.find(({ type }) => type === SHT_DYNAMIC)
  if (!dynamic) return []
  // Its names are in the string table that the section header links to.
  const names = sections[dynamic.link]!.offset
  const needed: string[] = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    if (Number(elf.readBigUInt64LE(at)) !== DT_NEEDED) continue
    const start = names + Number(elf.readBigUInt64LE(at + 8))
    needed.push(elf.toString('latin1', start, elf.indexOf(0, start)))
  }
  return needed
}
