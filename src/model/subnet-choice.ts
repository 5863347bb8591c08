// Which range a network gets: the one given, the one leased before, or the next free /24 of the pool.
import { MicrolanError } from '../errors.ts'
import type { Subnet } from './address.ts'
import { formatSubnet, guestCapacity, networkOf, overlaps, parseSubnet, subnetsOf } from './address.ts'

/** Where ranges come from unless the file gives one: half of RFC 1918's middle block, seldom used by others. */
const POOL: Subnet = parseSubnet('172.30.0.0/15')!

/** A range that somebody has already, and how we know. */
export interface TakenSubnet {
  readonly subnet: Subnet
  /** Evidence: `ip route show` and its line, or another network's name. */
  readonly from: string
  readonly said: string
}

const nextFree = (taken: readonly TakenSubnet[]): Subnet | null =>
  subnetsOf(POOL, 24).find((subnet) => !taken.some((other) => overlaps(subnet, other.subnet))) ?? null

/**
 * @throws subnet-invalid, subnet-overlap (with a free range proposed), subnet-pool-empty
 */
export function chooseSubnet(options: {
  readonly network: string
  readonly given: string | undefined
  readonly leased: string | undefined
  /** What the host reaches already: never given out. */
  readonly taken: readonly TakenSubnet[]
  /** What labs that are down would like to have back: chosen last, but theirs to lose to who asks by name. */
  readonly promised: readonly TakenSubnet[]
  /** Where the file says so. */
  readonly at: string
}): Subnet {
  const { network, given, leased, at } = options
  const taken = [...options.taken, ...options.promised]
  if (given !== undefined) return checkedSubnet(given, { ...options, free: nextFree(taken) })
  const remembered = leased === undefined ? null : parseSubnet(leased)
  if (remembered && !taken.some((other) => overlaps(remembered, other.subnet))) return remembered
  const free = nextFree(taken)
  if (free) return free
  throw new MicrolanError({
    code: 'subnet-pool-empty',
    what: `No range is left for network "${network}": every /24 of ${formatSubnet(POOL)} is in use on this host.`,
    evidence: taken.slice(0, 5).map(({ from, said }) => ({ source: 'host', from, said })),
    fix: [{ say: `Give it a range of its own: add "subnet:" at ${at}.` }],
  })
}

function checkedSubnet(
  given: string,
  {
    network,
    taken,
    at,
    free,
  }: {
    readonly network: string
    readonly taken: readonly TakenSubnet[]
    readonly at: string
    readonly free: Subnet | null
  },
): Subnet {
  const subnet = parseSubnet(given)
  const fault = !subnet
    ? 'it is not of the form 172.30.0.0/24'
    : networkOf(subnet).address !== subnet.address
      ? `it is an address inside ${formatSubnet(networkOf(subnet))}, not the start of a range`
      : guestCapacity(subnet) < 1 || subnet.prefix < 8
        ? 'a network needs a prefix between /8 and /30, for the host and at least one guest'
        : null
  if (!subnet || fault) {
    throw new MicrolanError({
      code: 'subnet-invalid',
      what: `Network "${network}" cannot use ${given}: ${fault}.`,
      evidence: [{ source: 'file', from: at, said: `subnet: ${given}` }],
      fix: [
        subnet && networkOf(subnet).address !== subnet.address
          ? { say: `Write subnet: ${formatSubnet(networkOf(subnet))}` }
          : { say: 'Write a range such as 172.30.0.0/24, or leave the line out and get a free one.' },
      ],
      exit: 2,
    })
  }
  const clash = taken.find((other) => overlaps(subnet, other.subnet))
  if (!clash) return subnet
  throw new MicrolanError({
    code: 'subnet-overlap',
    what: `Network "${network}" cannot use ${given}: this host already has ${formatSubnet(clash.subnet)}.`,
    evidence: [
      { source: 'host', from: clash.from, said: clash.said },
      { source: 'file', from: at, said: `subnet: ${given}` },
    ],
    fix: [
      { say: free ? `Take a free range, for example: subnet: ${formatSubnet(free)}` : 'Take another range.' },
      { say: 'Or leave the line out: a free range is chosen and kept.' },
    ],
  })
}
