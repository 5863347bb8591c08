// The system calls that Node does not have. The only file that knows koffi; everything else sees numbers.
// Prototypes are few and take ints and Buffers only: a wrong signature here is memory corruption.
import koffi from 'koffi'

const libc = koffi.load(null)

const c = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
  send: libc.func('int64_t send(int fd, const void *bytes, size_t length, int flags)'),
  recv: libc.func('int64_t recv(int fd, _Out_ void *bytes, size_t length, int flags)'),
  ioctl: libc.func('int ioctl(int fd, unsigned long request, _Inout_ void *argument)'),
  close: libc.func('int close(int fd)'),
} as const

/** A call's result, or `-errno`. Never throws, so that callers can name what they were doing. */
type Result = number

const result = (value: number | bigint): Result => (Number(value) < 0 ? -koffi.errno() : Number(value))

export const socket = (domain: number, type: number, protocol: number): Result =>
  result(c.socket(domain, type, protocol))
export const setsockopt = (fd: number, level: number, name: number, value: Buffer): Result =>
  result(c.setsockopt(fd, level, name, value, value.length))
export const bind = (fd: number, address: Buffer): Result => result(c.bind(fd, address, address.length))
export const send = (fd: number, bytes: Buffer, flags = 0): Result =>
  result(c.send(fd, bytes, bytes.length, flags))
/** Fills `bytes` from its start; returns how many bytes came (with MSG_TRUNC, how many there were). */
export const recv = (fd: number, bytes: Buffer, flags = 0): Result =>
  result(c.recv(fd, bytes, bytes.length, flags))
/** `argument` is read and written by the kernel in place. */
export const ioctl = (fd: number, request: number, argument: Buffer): Result =>
  result(c.ioctl(fd, request, argument))
export const close = (fd: number): Result => result(c.close(fd))

/**
 * `send` on a thread of the pool, for requests that keep the kernel busy for long: deletions wait for
 * RCU (16 ms each at HZ=250, or one group delete for all), and would block the event loop.
 */
export function sendAsync(fd: number, bytes: Buffer): Promise<Result> {
  return new Promise((resolve) => {
    c.send.async(fd, bytes, bytes.length, 0, (error: Error | null, value: number | bigint) =>
      resolve(error ? -5 : result(value)),
    )
  })
}
