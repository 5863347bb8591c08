// Everything that Firecracker answers with 400: one text, in its words.

/** `message` goes out as `fault_message`, verbatim. */
export class Fault extends Error {
  override readonly name = 'Fault'
}

/** An errno as Rust prints an io::Error. */
const WORDS: Readonly<Record<number, string>> = {
  1: 'Operation not permitted',
  2: 'No such file or directory',
  13: 'Permission denied',
  16: 'Device or resource busy',
  20: 'Not a directory',
  21: 'Is a directory',
  22: 'Invalid argument',
  98: 'Address in use',
}

export const osError = (errno: number): string => {
  const number = Math.abs(errno)
  return `${WORDS[number] ?? 'Error'} (os error ${number})`
}

/** What this emulator does not do says so, and never passes in silence. */
export const notEmulated = (what: string): Fault =>
  new Fault(`${what} is not emulated: firecracker-emulator runs this guest under QEMU and does not have it.`)
