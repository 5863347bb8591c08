// An initramfs archive in the kernel's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst).
// Sorted, with no times and no owners: the same files give the same bytes.

export type Entry =
  | { readonly kind: 'file'; readonly mode: number; readonly content: Buffer }
  | { readonly kind: 'directory' }
  | { readonly kind: 'link'; readonly to: string }

const MODES = { file: 0o100000, directory: 0o040000, link: 0o120000 } as const

const pad4 = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])

function member(path: string, inode: number, entry: Entry): Buffer {
  const content = entry.kind === 'file' ? entry.content : Buffer.from(entry.kind === 'link' ? entry.to : '')
  const mode =
    MODES[entry.kind] | (entry.kind === 'file' ? entry.mode : entry.kind === 'link' ? 0o777 : 0o755)
  const name = Buffer.from(`${path}\0`)
  // inode, mode, uid, gid, links, mtime, size, device ×4, name's length, checksum (unused).
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0]
  const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`
  return Buffer.concat([pad4(Buffer.concat([Buffer.from(header), name])), pad4(content)])
}

/** Paths are relative, without a leading slash; their folders are made as needed. */
export function writeCpio(files: ReadonlyMap<string, Entry>): Buffer {
  const all = new Map<string, Entry>(files)
  for (const path of files.keys())
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
      if (!all.has(path.slice(0, at))) all.set(path.slice(0, at), { kind: 'directory' })
  // By code unit, so that a folder comes before what is in it, on every machine.
  const paths = [...all.keys()].toSorted((a, b) => (a < b ? -1 : 1))
  const members = paths.map((path, index) => member(path, index + 1, all.get(path)!))
  return Buffer.concat([
    ...members,
    member('TRAILER!!!', 0, { kind: 'file', mode: 0, content: Buffer.alloc(0) }),
  ])
}
