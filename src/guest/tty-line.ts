// The agent's line over a serial console, for VMMs that have no other: written into the FIFO that the guest reads
// from, read from the file that it prints to. What the console says besides is no reply, and is passed over.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { Duplex } from 'node:stream'

/** A console file has one reader for seconds; watching it would cost more than looking. */
const LOOK_MS = 5

/** From the file's end as it is now. `runs` says whether the guest lives; when it does not, the line closes. */
export function openTtyLine(input: string, console: string, runs: () => boolean): Duplex {
  // Read and write: opening a FIFO to write alone waits for a reader.
  const to = openSync(input, 'r+')
  const from = openSync(console, 'r')
  const buffer = Buffer.alloc(65536)
  let position = fstatSync(from).size
  const line = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      writeSync(to, chunk)
      done()
    },
    destroy(error, done) {
      clearInterval(looking)
      closeSync(to)
      closeSync(from)
      done(error)
    },
  })
  const looking = setInterval(() => {
    const alive = runs()
    for (let length = -1; length !== 0; position += length) {
      length = readSync(from, buffer, 0, buffer.length, position)
      if (length > 0) line.push(Buffer.from(buffer.subarray(0, length)))
    }
    if (!alive) line.destroy()
  }, LOOK_MS)
  return line
}
