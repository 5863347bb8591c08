// Taps. One is made by opening /dev/net/tun and naming it, and is ours to lose until it is kept.
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import * as calls from '../sys/calls.ts'
import { EEXIST, EINVAL, EPERM } from '../sys/errno.ts'
import { KernelError } from '../sys/netlink.ts'

/** linux/if_tun.h; ifreq is 40 bytes: 16 of name, then a union. */
const TUNSETIFF = 0x400454ca
const TUNSETPERSIST = 0x400454cb
const IFF_TAP = 0x0002
const IFF_NO_PI = 0x1000
const IFF_VNET_HDR = 0x4000
/** Refuses a name that is there instead of attaching to it. */
const IFF_TUN_EXCL = 0x8000
const IFREQ_BYTES = 40

/**
 * A tap that vanishes when it is disposed of, or when its maker dies, unless it was kept before. So a tap that
 * is not yet in its place can never be left behind: it is kept last.
 */
export class NewTap implements Disposable {
  readonly name: string
  private readonly fd: number

  private constructor(name: string, fd: number) {
    this.name = name
    this.fd = fd
  }

  /**
   * No owner is set: whoever may open /dev/net/tun and has the name may take it (0666 on most hosts).
   *
   * @throws KernelError: ENOENT without /dev/net/tun, EEXIST when any link has the name, EPERM
   */
  static open(name: string): NewTap {
    const fd = openTun()
    const ifreq = Buffer.alloc(IFREQ_BYTES)
    ifreq.write(name, 0, 15)
    ifreq.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL, 16)
    const result = calls.ioctl(fd, TUNSETIFF, ifreq)
    if (result >= 0) return new NewTap(name, fd)
    closeSync(fd)
    // A name that a tun device has gives EBUSY here, another kind of link EINVAL: both mean that it is taken.
    const taken = result !== -EPERM && result !== -EINVAL
    throw new KernelError({
      label: `TUNSETIFF ${name}`,
      errno: taken ? EEXIST : -result,
      said: null,
      index: 0,
    })
  }

  /** Makes it outlive us. */
  keep(): void {
    const on = Buffer.alloc(8)
    on[0] = 1
    // The argument is a number in the pointer's place; any address but 0 means yes.
    const result = calls.ioctl(this.fd, TUNSETPERSIST, on)
    if (result < 0)
      throw new KernelError({ label: `TUNSETPERSIST ${this.name}`, errno: -result, said: null, index: 0 })
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}

function openTun(): number {
  try {
    return openSync('/dev/net/tun', 'r+')
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).errno ?? 0
    throw new KernelError({ label: 'open /dev/net/tun', errno: Math.abs(errno), said: null, index: 0 })
  }
}

export interface TapHolder {
  readonly pid: number
  readonly command: string
  /** `/proc/<pid>/fdinfo/<fd>`, where the kernel says so. */
  readonly from: string
}

/** Who holds which tap, by `iff:` lines of fdinfo (tun_chr_show_fdinfo). As far as this user may look. */
export function readTapHolders(): ReadonlyMap<string, TapHolder> {
  const holders = new Map<string, TapHolder>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of quietly(() => readdirSync(`/proc/${pid}/fd`), [])) {
      const from = `/proc/${pid}/fdinfo/${fd}`
      const name = /^iff:\t(\S+)$/m.exec(quietly(() => readFileSync(from, 'latin1'), ''))?.[1]
      if (name === undefined) continue
      const command = quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '?')
      holders.set(name, { pid: Number(pid), command, from })
    }
  }
  return holders
}

/** Processes end while we look, and others' are closed to us: then there is nothing to see. */
function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}
