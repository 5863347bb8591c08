// A TAP, taken as Firecracker takes it: at the PUT, with the same ioctls, and so with the same refusals.
import { closeSync, openSync } from 'node:fs'
import { Fault, osError } from './fault.ts'

/** linux/if_tun.h */
const TUNSETIFF = 0x400454ca
const TUNSETVNETHDRSZ = 0x400454d8
const IFF_TAP = 0x0002
const IFF_NO_PI = 0x1000
const IFF_VNET_HDR = 0x4000
const IFREQ_BYTES = 40
const IFNAME_MAX = 15
/** virtio_net_hdr_v1 (linux/virtio_net.h): what VIRTIO_F_VERSION_1 makes every frame start with. */
const VNET_HEADER_BYTES = 12

const PREFIX = 'Network config error: Could not create the network device: Open tap device failed: '

/**
 * The open file of a TAP, ours alone until closed. A name that is not there makes a new, unkept device where
 * CAP_NET_ADMIN allows it: that is the kernel's way, and Firecracker's.
 *
 * @throws Fault
 */
export async function takeTap(name: string): Promise<number> {
  if (Buffer.byteLength(name) > IFNAME_MAX) throw new Fault(`${PREFIX}Invalid interface name`)
  // Loaded by the first guest with a network card: 14 ms that --version need not pay.
  const { ioctl } = await import('../sys/calls.ts')
  const fd = openTun()
  const request = Buffer.alloc(IFREQ_BYTES)
  request.write(name)
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 16)
  const size = Buffer.alloc(8)
  size.writeUInt32LE(VNET_HEADER_BYTES)
  const taken = ioctl(fd, TUNSETIFF, request)
  const result = taken < 0 ? taken : ioctl(fd, TUNSETVNETHDRSZ, size)
  if (result >= 0) return fd
  closeSync(fd)
  throw new Fault(
    `${PREFIX}Error while creating ifreq structure: ${osError(result)}. Invalid TUN/TAP Backend provided by ${name}. Check our documentation on setting up the network devices.`,
  )
}

function openTun(): number {
  try {
    return openSync('/dev/net/tun', 'r+')
  } catch (error) {
    throw new Fault(
      `${PREFIX}Couldn't open /dev/net/tun: ${osError((error as NodeJS.ErrnoException).errno ?? 0)}`,
    )
  }
}
