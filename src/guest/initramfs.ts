// What is in the built-in guest's initramfs: busybox, tcpdump and its libraries, modules, and our own files.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Entry } from './cpio.ts'
import { writeCpio } from './cpio.ts'
import { neededLibraries } from './elf.ts'
import { closeModules, moduleName } from './module.ts'

/** Modules that a guest on Firecracker or QEMU can use. What is built into the kernel is left out by itself. */
const MODULES = [
  ...[
    'virtio_mmio',
    'virtio_net',
    'virtio_console',
    'virtio_blk',
    'virtio_rng',
    'af_packet',
    'ext4',
    'overlay',
  ],
  'vmw_vsock_virtio_transport',
]

/** Where our own files go; the rest of image/ is for /etc. */
const PLACES: Readonly<Record<string, string>> = { init: 'init', agent: 'bin/agent' }

const file = (path: string, mode = 0o644): Entry => ({ kind: 'file', mode, content: readFileSync(path) })
const text = (content: string, mode = 0o644): Entry => ({ kind: 'file', mode, content: Buffer.from(content) })

/** The archive's bytes, from packages unpacked in `tree` and our own files in `sources`. */
export function buildInitramfs(tree: string, sources: string): Buffer {
  const files = new Map<string, Entry>()
  for (const folder of ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'mnt', 'var'])
    files.set(folder, { kind: 'directory' })
  addBusybox(files, tree)
  addModules(files, tree)
  addTcpdump(files, tree)
  for (const name of readdirSync(sources)) {
    const path = join(sources, name)
    files.set(PLACES[name] ?? `etc/${name}`, file(path, statSync(path).mode & 0o111 ? 0o755 : 0o644))
  }
  // tcpdump gives up root for the user of its name.
  files.set('etc/passwd', text('root::0:0:root:/root:/bin/sh\ntcpdump:x:100:100::/:/bin/false\n'))
  files.set('etc/group', text('root:x:0:\ntcpdump:x:100:\n'))
  files.set('etc/hosts', text('127.0.0.1 localhost\n::1 localhost\n'))
  return writeCpio(files)
}

/** All of busybox's names, as links; they are read from its own table, which it keeps as one run of text. */
function addBusybox(files: Map<string, Entry>, tree: string): void {
  const busybox = file(join(tree, 'bin/busybox'), 0o755)
  for (const applet of appletsOf((busybox as Entry & { readonly content: Buffer }).content))
    files.set(`bin/${applet}`, { kind: 'link', to: 'busybox' })
  // After the links: its own name is among them.
  files.set('bin/busybox', busybox)
  for (const folder of ['sbin', 'usr/bin', 'usr/sbin'])
    files.set(folder, { kind: 'link', to: folder.includes('/') ? '../bin' : 'bin' })
}

/** `[`, `[[`, `acpid` … as NUL-separated names in alphabetical order (applet_names, busybox's applet_tables.h). */
function appletsOf(busybox: Buffer): readonly string[] {
  const start = busybox.indexOf('\0[\0[[\0') + 1
  if (start === 0) throw new Error('busybox has no table of applets where it was looked for')
  const end = busybox.indexOf('\0\0', start)
  return busybox.toString('latin1', start, end).split('\0')
}

function addModules(files: Map<string, Entry>, tree: string): void {
  const version = readdirSync(join(tree, 'lib/modules'))[0]!
  const base = join(tree, 'lib/modules', version)
  const all = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ko'))
  const modules = new Map(
    all.map((path) => [moduleName(path), { path, content: readFileSync(join(base, path)) }]),
  )
  const { names, dep } = closeModules(MODULES, modules)
  const folder = `lib/modules/${version}`
  for (const name of names) {
    const { path, content } = modules.get(name)!
    files.set(`${folder}/${path}`, { kind: 'file', mode: 0o644, content })
  }
  files.set(`${folder}/modules.dep`, text(dep))
}

function addTcpdump(files: Map<string, Entry>, tree: string): void {
  const libraries = librariesOf(tree)
  const program = readFileSync(join(tree, 'usr/bin/tcpdump'))
  files.set('bin/tcpdump', { kind: 'file', mode: 0o755, content: program })
  files.set('lib64/ld-linux-x86-64.so.2', file(libraries.get('ld-linux-x86-64.so.2')!, 0o755))
  // A set that grows while it is gone through: libraries of libraries come at its end.
  const wanted = new Set(neededLibraries(program))
  for (const name of wanted) {
    const path = libraries.get(name)
    if (!path) throw new Error(`tcpdump needs ${name}, which none of its packages has`)
    const content = readFileSync(path)
    files.set(`lib/x86_64-linux-gnu/${name}`, { kind: 'file', mode: 0o755, content })
    for (const other of neededLibraries(content)) wanted.add(other)
  }
}

/** Shared libraries of the unpacked packages by the name that programs ask for, links followed. */
function librariesOf(tree: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const folder of ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu']) {
    const base = join(tree, folder)
    if (!statSync(base, { throwIfNoEntry: false })) continue
    for (const name of readdirSync(base))
      if (/\.so(\.|$)/.test(name)) found.set(name, join(base, linked(base, name)))
  }
  return found
}

/** A link's target beside it; a file's own name. */
function linked(base: string, name: string): string {
  try {
    return relative(base, join(base, readlinkSync(join(base, name))))
  } catch {
    // Not a link.
    return name
  }
}
