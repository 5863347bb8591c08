// What nft is given to read.
import { TABLE, TABLE_LINES } from '../model/firewall-table.ts'

export const renderSkeleton = (): string => `${TABLE_LINES.join('\n')}\n`

/** Adding it first makes deleting it no error when it is not there; `destroy` is younger than Debian 12's nft. */
export const renderUnload = (): string => `add table bridge ${TABLE}\ndelete table bridge ${TABLE}\n`
