// Firecracker's faults as errors of ours. Its words are kept verbatim; only the cause gets a name.

import type { Fix } from '../errors.ts'
import { MicrolanError } from '../errors.ts'
import type { Guest } from '../model/desired.ts'
import type { ApiRequest } from './render.ts'

/** The text of an answer of 400 and up; its body is not always JSON. */
export function parseFault(body: string): string {
  try {
    const parsed = JSON.parse(body) as { readonly fault_message?: string; readonly error?: string }
    return parsed.fault_message ?? parsed.error ?? body
  } catch {
    // micro-http's own errors hold raw newlines, which no JSON has.
    return body
  }
}

interface Cause {
  readonly code: string
  readonly what: (guest: Guest, tap: string) => string
  readonly fix: (guest: Guest, tap: string) => readonly Fix[]
}

/** By errno and prefix, not by full text: wording differs between releases and C libraries. */
const causes: readonly { readonly path: RegExp; readonly said: RegExp; readonly cause: Cause }[] = [
  {
    path: /^\/network-interfaces/,
    said: /os error 16\)/,
    cause: {
      code: 'tap-busy',
      what: (guest, tap) => `Guest "${guest.name}" cannot have tap ${tap}: another process holds it.`,
      fix: (guest) => [
        { say: 'End that process, then:', run: `microlan up` },
        { say: 'See the port:', run: `microlan show ${guest.name}` },
      ],
    },
  },
  {
    path: /^\/network-interfaces/,
    said: /os error 1\)|os error 13\)/,
    cause: {
      code: 'tap-not-permitted',
      what: (guest, tap) => `Guest "${guest.name}" may not open tap ${tap}.`,
      fix: () => [{ say: 'Run microlan as root, or give it CAP_NET_ADMIN.' }],
    },
  },
  {
    path: /^\/network-interfaces/,
    said: /\/dev\/net\/tun.*os error 2\)/,
    cause: {
      code: 'tun-missing',
      what: (guest) => `Guest "${guest.name}" cannot have a tap: this host has no /dev/net/tun.`,
      fix: () => [{ say: 'Load the driver:', run: 'modprobe tun' }],
    },
  },
  {
    path: /^\/boot-source/,
    said: /./,
    cause: {
      code: 'kernel-unusable',
      what: (guest) => `The kernel or initrd of guest "${guest.name}" cannot be used.`,
      fix: (guest) => [
        { say: `Check the paths: ${[guest.kernel, guest.initrd].filter(Boolean).join(', ')}` },
      ],
    },
  },
  {
    path: /^\/drives/,
    said: /./,
    cause: {
      code: 'rootfs-unusable',
      what: (guest) => `The root file system of guest "${guest.name}" cannot be used.`,
      fix: (guest) => [{ say: `Check the path and that it may be written: ${guest.rootfs}` }],
    },
  },
  {
    path: /^\/actions/,
    said: /qemu-system-\S+.*not found/i,
    cause: {
      code: 'qemu-missing',
      what: (guest) => `Guest "${guest.name}" cannot start: QEMU, which runs guests here, is not installed.`,
      fix: () => [{ say: 'Install it:', run: 'apt-get install --no-install-recommends qemu-system-x86' }],
    },
  },
]

/** The error for a request that a VMM refused. */
export function faultError(guest: Guest, request: ApiRequest, status: number, body: string): MicrolanError {
  const said = parseFault(body)
  const card = /\/network-interfaces\/eth(\d+)/.exec(request.path)?.[1]
  const tap = card === undefined ? '' : (guest.ports[Number(card)]?.tap ?? '')
  const known = causes.find((row) => row.path.test(request.path) && row.said.test(said))?.cause
  return new MicrolanError({
    code: known?.code ?? 'vmm-refused',
    what:
      known?.what(guest, tap) ??
      `The VMM of guest "${guest.name}" refused ${request.method} ${request.path}.`,
    evidence: [{ source: guest.vmm, from: `${request.method} ${request.path} → ${status}`, said }],
    fix: known?.fix(guest, tap) ?? [{ say: 'See what it logged:', run: `microlan logs --vmm ${guest.name}` }],
  })
}
