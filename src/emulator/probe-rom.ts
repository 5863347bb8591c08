// A few instructions in place of firmware, which answer each byte on the serial line with the guest's TSC:
// what shows that an accelerator runs anything at all, and at what rate the guest's clock counts.

/** At offset 0 of a 64 KiB ROM. Real mode; COM1 at 0x3f8. */
const CODE = [
  ...[0xfa], // cli
  // wait: until the line status says that a byte has come
  ...[0xba, 0xfd, 0x03], // mov dx, 0x3fd
  ...[0xec], // in al, dx
  ...[0xa8, 0x01], // test al, 1
  ...[0x74, 0xfb], // jz back to in
  ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8
  ...[0xec], // in al, dx: take it
  ...[0x0f, 0x31], // rdtsc
  ...[0x66, 0x89, 0xd3], // mov ebx, edx
  ...[0x66, 0x89, 0xc1], // mov ecx, eax
  ...[0xba, 0xf8, 0x03], // mov dx, 0x3f8: rdtsc has overwritten it
  // send ecx, then ebx: eight bytes, the lowest first
  ...[0xbe, 0x04, 0x00, 0x88, 0xc8, 0xee, 0x66, 0xc1, 0xe9, 0x08, 0x4e, 0x75, 0xf6],
  ...[0xbe, 0x04, 0x00, 0x88, 0xd8, 0xee, 0x66, 0xc1, 0xeb, 0x08, 0x4e, 0x75, 0xf6],
]

const ROM_BYTES = 65536
/** Where a processor starts: sixteen bytes below the end. */
const RESET_VECTOR = ROM_BYTES - 16

export function probeRom(): Buffer {
  const rom = Buffer.alloc(ROM_BYTES, 0x90)
  const code = Buffer.from([...CODE, 0xeb, 0])
  // The last jump goes back to "wait", at offset 1; it counts from its own end.
  code[code.length - 1] = (1 - code.length) & 0xff
  code.copy(rom)
  // jmp near to offset 0: the displacement counts from the end of this three-byte instruction.
  rom[RESET_VECTOR] = 0xe9
  rom.writeUInt16LE((ROM_BYTES - (RESET_VECTOR + 3)) & 0xffff, RESET_VECTOR + 1)
  return rom
}
