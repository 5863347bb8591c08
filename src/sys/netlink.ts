// A netlink socket: requests go out in batches, acknowledgements come back with the kernel's own sentence.
import * as calls from './calls.ts'
import { EINTR, errnoName } from './errno.ts'
import type { Message } from './wire.ts'
import { attributes, HEADER_BYTES, message, messages, readText } from './wire.ts'

/** One thing to ask of the kernel. A value: building it does nothing. */
export interface Request {
  /** What is asked, in words, for errors: `add bridge ml-lan`. */
  readonly label: string
  readonly type: number
  /** Beyond NLM_F_REQUEST and NLM_F_ACK. */
  readonly flags: number
  readonly payload: Buffer
  /** The marks around an nfnetlink batch are answered by some kernels and not by others: never wait for them. */
  readonly silent?: true
}

/** The kernel said no. `said` is its extended acknowledgement, where it gave one. */
export class KernelError extends Error {
  override readonly name = 'KernelError'
  readonly label: string
  readonly errno: number
  readonly said: string | null
  /** Which of a batch's requests it was. */
  readonly index: number

  constructor(body: { label: string; errno: number; said: string | null; index: number }) {
    super(`${body.label}: ${errnoName(body.errno)}${body.said === null ? '' : `: ${body.said}`}`)
    this.label = body.label
    this.errno = body.errno
    this.said = body.said
    this.index = body.index
  }
}

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const PROTOCOLS = { route: 0, netfilter: 12 } as const
const SOL_SOCKET = 1
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
/** linux/netlink.h */
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NETLINK_GET_STRICT_CHK = 12
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300
const NLM_F_DUMP_INTR = 0x10
const NLM_F_ACK_TLVS = 0x200
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLMSGERR_ATTR_MSG = 1

/** A send must fit the socket's buffer (212 kB by default); smaller ones also keep the RTNL for less long. */
const CHUNK_BYTES = 48 * 1024
/** A dump that changes under us is asked again; a host that never holds still for so long is broken. */
const DUMP_TRIES = 5

export class Netlink implements Disposable {
  private readonly fd: number
  private readonly buffer = Buffer.alloc(256 * 1024)
  private sequence = 0

  private constructor(fd: number) {
    this.fd = fd
  }

  /** Lives in the network namespace of the moment it is opened. */
  static open(protocol: keyof typeof PROTOCOLS): Netlink {
    const fd = must(
      'open a netlink socket',
      calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, PROTOCOLS[protocol]),
    )
    const on = Buffer.from([1, 0, 0, 0])
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
      must('set a netlink option', calls.setsockopt(fd, SOL_NETLINK, option, on))
    const size = Buffer.alloc(4)
    size.writeUInt32LE(8 << 20)
    // Needs CAP_NET_ADMIN; without it the default buffer does for small batches, and larger ones fail with a name.
    calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size)
    return new Netlink(fd)
  }

  [Symbol.dispose](): void {
    calls.close(this.fd)
  }

  /**
   * Asks all, in order, and reads every answer. rtnetlink does its work inside send(), so this blocks as long.
   * The kernel has no transactions: after a refusal the others have still been done.
   *
   * @throws KernelError for the first refusal
   */
  transact(requests: readonly Request[]): void {
    for (const chunk of this.chunks(requests)) {
      must('send to the kernel', calls.send(this.fd, chunk.bytes))
      this.acknowledge(chunk.requests, chunk.first)
    }
  }

  /** The same with the work on another thread: for deletions, which wait for RCU for 16 ms and more. */
  async transactAsync(requests: readonly Request[]): Promise<void> {
    for (const chunk of this.chunks(requests)) {
      must('send to the kernel', await calls.sendAsync(this.fd, chunk.bytes))
      this.acknowledge(chunk.requests, chunk.first)
    }
  }

  /**
   * All objects that a request names.
   *
   * @throws KernelError; EINTR when the table never held still
   */
  dump(request: Request): readonly Message[] {
    for (let tries = 0; tries < DUMP_TRIES; tries++) {
      const sequence = ++this.sequence
      const flags = request.flags | NLM_F_REQUEST | NLM_F_DUMP
      must('send to the kernel', calls.send(this.fd, message({ ...request, flags, sequence })))
      const found = this.readDump(request, sequence)
      if (found) return found
    }
    throw new KernelError({ label: request.label, errno: EINTR, said: 'the table kept changing', index: 0 })
  }

  private chunks(requests: readonly Request[]) {
    const chunks: { bytes: Buffer; requests: readonly Request[]; first: number }[] = []
    let parts: Buffer[] = []
    let pending: Request[] = []
    let size = 0
    let first = this.sequence + 1
    const flush = () => {
      if (pending.length > 0) chunks.push({ bytes: Buffer.concat(parts), requests: pending, first })
      parts = []
      pending = []
      size = 0
      first = this.sequence + 1
    }
    for (const request of requests) {
      const sequence = ++this.sequence
      const acknowledged = request.silent ? 0 : NLM_F_ACK
      const bytes = message({ ...request, flags: request.flags | NLM_F_REQUEST | acknowledged, sequence })
      parts.push(bytes)
      pending.push(request)
      size += bytes.length
      if (size > CHUNK_BYTES) flush()
    }
    flush()
    return chunks
  }

  private acknowledge(requests: readonly Request[], first: number): void {
    let refusal: KernelError | null = null
    const wanted = requests.filter(({ silent }) => !silent).length
    for (let answered = 0; answered < wanted; ) {
      for (const answer of this.receive()) {
        if (answer.type !== NLMSG_ERROR || answer.sequence < first) continue
        answered++
        const index = answer.sequence - first
        refusal ??= refusalOf(answer, requests[index]?.label ?? 'a request', index)
      }
    }
    if (refusal) throw refusal
  }

  /** Null when the table changed meanwhile. */
  private readDump(request: Request, sequence: number): readonly Message[] | null {
    const found: Message[] = []
    let interrupted = false
    for (;;) {
      for (const answer of this.receive()) {
        if (answer.sequence !== sequence) continue
        if (answer.flags & NLM_F_DUMP_INTR) interrupted = true
        if (answer.type === NLMSG_ERROR || (answer.type === NLMSG_DONE && answer.payload.length >= 4)) {
          const refusal = refusalOf(answer, request.label, 0)
          if (refusal) throw refusal
        }
        if (answer.type === NLMSG_DONE || answer.type === NLMSG_ERROR) return interrupted ? null : found
        // Copied out: the buffer is used again for the next datagram.
        found.push({ ...answer, payload: Buffer.from(answer.payload) })
      }
    }
  }

  private receive(): Generator<Message> {
    for (;;) {
      const length = calls.recv(this.fd, this.buffer)
      if (length === -EINTR) continue
      return messages(this.buffer.subarray(0, must('read from the kernel', length)))
    }
  }
}

/** An acknowledgement's error and extended text; null when it says yes. */
function refusalOf(answer: Message, label: string, index: number): KernelError | null {
  const errno = -answer.payload.readInt32LE(0)
  if (errno === 0) return null
  // nlmsgerr: errno, then the request's header (its payload is left out, NETLINK_CAP_ACK), then attributes.
  const offset = answer.type === NLMSG_ERROR ? 4 + HEADER_BYTES : 4
  const hasText = answer.flags & NLM_F_ACK_TLVS || answer.type === NLMSG_DONE
  const said = hasText ? attributes(answer.payload, offset).get(NLMSGERR_ATTR_MSG) : undefined
  return new KernelError({ label, errno, said: said ? readText(said) : null, index })
}

function must(label: string, result: number): number {
  if (result < 0) throw new KernelError({ label, errno: -result, said: null, index: 0 })
  return result
}
