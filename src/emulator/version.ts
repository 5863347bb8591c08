// Which Firecracker this stands in for; the suffix says that it is not the original.
export const VERSION = '1.16.1-emulator.qemu'
