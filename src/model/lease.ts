// What a lab keeps across runs: the range and bridge of each network, the address of each guest on it.

export interface NetworkLease {
  readonly lab: string
  readonly network: string
  readonly subnet: string
  readonly bridge: string
}

export interface Lease {
  readonly lab: string
  readonly network: string
  readonly guest: string
  readonly ip: string
}

/** Everything leased, by all labs: what is taken, and what is remembered. */
export interface Leases {
  readonly networks: readonly NetworkLease[]
  readonly guests: readonly Lease[]
}
