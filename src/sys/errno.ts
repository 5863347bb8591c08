// Names of errno values, as evidence prints them (`EBUSY: Device or resource busy`).
import os from 'node:os'
import { getSystemErrorMap } from 'node:util'

const map = getSystemErrorMap()

/** `EBUSY` for 16 (or -16). */
export const errnoName = (errno: number): string =>
  map.get(-Math.abs(errno))?.[0] ?? `errno ${Math.abs(errno)}`

/** `EBUSY: resource busy or locked`, in libuv's words. */
export const errnoText = (errno: number): string => {
  const entry = map.get(-Math.abs(errno))
  return entry ? `${entry[0]}: ${entry[1]}` : `errno ${Math.abs(errno)}`
}

export const { EBUSY, EEXIST, ENODEV, ENOENT, EPERM, EINVAL, EINTR, EACCES } = os.constants.errno
