// Our nft table: static, loaded once. What differs from guest to guest is in its sets.

/** The one table of ours, in the family of bridges. */
export const TABLE = 'microlan'

/**
 * Loading it again changes nothing and keeps the sets: everything is `add`, and the chain is emptied before
 * its rule comes (again), all in one transaction.
 *
 * Priority -300 (dstnat) is where a frame is first looked at, before the bridge learns from it or forwards it.
 * One look-up tells a frame of ours from any other, one more whether it may pass: O(1), however many guests.
 */
export const TABLE_LINES: readonly string[] = [
  `add table bridge ${TABLE}`,
  `add set bridge ${TABLE} taps { type ifname; }`,
  `add set bridge ${TABLE} ports { type ifname . ether_addr; }`,
  `add counter bridge ${TABLE} spoofed_mac`,
  `add chain bridge ${TABLE} from_guests { type filter hook prerouting priority -300; policy accept; }`,
  `flush chain bridge ${TABLE} from_guests`,
  `add rule bridge ${TABLE} from_guests iifname @taps iifname . ether saddr != @ports counter name spoofed_mac drop`,
]
