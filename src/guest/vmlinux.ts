// The ELF kernel inside a distribution's bzImage (Documentation/arch/x86/boot.rst): what Firecracker boots,
// and what QEMU boots without the 300 ms that unpacking costs under emulation.
import { gunzipSync } from 'node:zlib'

const HEADER_MAGIC = 0x53726448 // "HdrS" at 0x202
const LZ4_LEGACY_MAGIC = 0x184c2102
const ELF_MAGIC = 0x7f454c46

/** @throws Error when this is no bzImage, or packed by something other than gzip or LZ4 */
export function extractVmlinux(image: Buffer): Buffer {
  if (image.readUInt32BE(0) === ELF_MAGIC) return image
  if (image.readUInt32LE(0x202) !== HEADER_MAGIC) throw new Error('not a bzImage: no HdrS at 0x202')
  // The real-mode part is setup_sects sectors (0 means 4) after the boot sector.
  const start = ((image[0x1f1] || 4) + 1) * 512 + image.readUInt32LE(0x248)
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c))
  const kernel = unpack(payload)
  if (kernel.readUInt32BE(0) !== ELF_MAGIC) throw new Error('the unpacked kernel is not ELF')
  return kernel
}

function unpack(payload: Buffer): Buffer {
  if (payload.readUInt16BE(0) === 0x1f8b) return gunzipSync(payload)
  if (payload.readUInt32LE(0) === LZ4_LEGACY_MAGIC) return unpackLz4(payload)
  throw new Error(`the kernel is packed with something unknown: ${payload.toString('hex', 0, 6)}`)
}

/** LZ4's legacy frame: blocks with their lengths. The kernel's build appends the unpacked size. */
function unpackLz4(payload: Buffer): Buffer {
  const out = Buffer.alloc(payload.readUInt32LE(payload.length - 4))
  let written = 0
  for (let at = 4; at + 4 <= payload.length - 4 && written < out.length; ) {
    const length = payload.readUInt32LE(at)
    at += 4
    if (length === LZ4_LEGACY_MAGIC) continue
    written = unpackLz4Block(payload.subarray(at, at + length), out, written)
    at += length
  }
  if (written !== out.length) throw new Error(`the kernel unpacks to ${written} bytes, not ${out.length}`)
  return out
}

/** One block (lz4_Block_format.md): literals and matches in turn; a match may overlap what it writes. */
function unpackLz4Block(block: Buffer, out: Buffer, start: number): number {
  let [from, to] = [0, start]
  const longer = (length: number): number => {
    if (length < 15) return length
    let total = length
    for (let byte = 255; byte === 255; ) {
      byte = block[from++]!
      total += byte
    }
    return total
  }
  while (from < block.length) {
    const token = block[from++]!
    const literals = longer(token >> 4)
    block.copy(out, to, from, from + literals)
    from += literals
    to += literals
    if (from >= block.length) break
    const distance = block.readUInt16LE(from)
    from += 2
    const match = longer(token & 15) + 4
    if (distance >= match) out.copyWithin(to, to - distance, to - distance + match)
    else for (let i = 0; i < match; i++) out[to + i] = out[to + i - distance]!
    to += match
  }
  return to
}
