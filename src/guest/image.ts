// The built-in guest: Debian's cloud kernel and a small initramfs, made without root and kept in the cache.
// Made in a folder of its own and renamed at the end, so that a half-made image is never taken.
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { MicrolanError } from '../errors.ts'
import { buildInitramfs } from './initramfs.ts'
import type { Package } from './packages.ts'
import { fetchPackages, kernelPackage, unpackPackage } from './packages.ts'
import { extractVmlinux } from './vmlinux.ts'

export interface GuestImage {
  readonly id: string
  /** An uncompressed ELF vmlinux. */
  readonly kernel: string
  /** An uncompressed cpio archive: unpacking a compressed one costs more under emulation than it saves. */
  readonly initrd: string
  readonly packages: readonly { readonly name: string; readonly version: string; readonly sha256: string }[]
}

export interface ImageOptions {
  /** Folder with the guest's own files (image/ of a checkout). */
  readonly sources: string
  readonly cacheDir: string
  readonly onStep?: (text: string) => void
}

/** Counts up when this code makes other bytes of the same files. */
const FORMAT = 2

const TOOLS = ['busybox-static', 'tcpdump']
/** What tcpdump is linked with, and what those are. */
const LIBRARIES = [
  ...['libc6', 'libpcap0.8', 'libssl3', 'libdbus-1-3', 'libsystemd0', 'libcap2', 'libgcrypt20'],
  ...['libgpg-error0', 'liblz4-1', 'liblzma5', 'libzstd1'],
]

/**
 * Idempotent, and quick when there is nothing to do: apt is asked only when the guest's own files changed.
 *
 * @throws image-download-failed, image-build-failed, cache-not-writable, disk-full
 */
export async function ensureImage({
  sources,
  cacheDir,
  onStep = () => {},
}: ImageOptions): Promise<GuestImage> {
  const images = join(cacheDir, 'images')
  const ready = join(images, digestOf(sources))
  const known = readImage(ready)
  if (known) return known
  try {
    mkdirSync(images, { recursive: true })
    removeRemains(images)
    const folder = mkdtempSync(join(images, `making-${process.pid}-`))
    try {
      const packages = await fetchAll(join(cacheDir, 'packages'), onStep)
      await make(folder, { packages, sources, onStep })
      publish(folder, ready)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  } catch (error) {
    throw error instanceof MicrolanError ? error : buildFailed(error as NodeJS.ErrnoException, cacheDir)
  }
  return readImage(ready)!
}

async function fetchAll(directory: string, onStep: (text: string) => void): Promise<readonly Package[]> {
  onStep('fetching the guest from Debian: kernel, busybox, tcpdump (32 MB)')
  return await fetchPackages([await kernelPackage(), ...TOOLS, ...LIBRARIES], directory)
}

async function make(
  folder: string,
  {
    packages,
    sources,
    onStep,
  }: { packages: readonly Package[]; sources: string; onStep: (text: string) => void },
): Promise<void> {
  onStep('building the guest image')
  const tree = join(folder, 'tree')
  mkdirSync(tree)
  for (const one of packages) await unpackPackage(one, tree)
  const vmlinuz = readdirSync(join(tree, 'boot')).find((name) => name.startsWith('vmlinuz-'))!
  writeFileSync(join(folder, 'vmlinux'), extractVmlinux(readFileSync(join(tree, 'boot', vmlinuz))))
  writeFileSync(join(folder, 'initrd.cpio'), buildInitramfs(tree, sources))
  rmSync(tree, { recursive: true })
  const list = packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }))
  writeFileSync(join(folder, 'packages.json'), `${JSON.stringify(list, null, 2)}\n`)
}

/** Two builders may race; whoever comes second takes the first's, which is the same. */
function publish(folder: string, ready: string): void {
  try {
    renameSync(folder, ready)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

function readImage(folder: string): GuestImage | null {
  const packages = join(folder, 'packages.json')
  if (!statSync(packages, { throwIfNoEntry: false })) return null
  return {
    id: folder.slice(folder.lastIndexOf('/') + 1),
    kernel: join(folder, 'vmlinux'),
    initrd: join(folder, 'initrd.cpio'),
    packages: JSON.parse(readFileSync(packages, 'utf8')),
  }
}

/** Folders of builders that died. A living one's is left to it. */
function removeRemains(images: string): void {
  for (const name of readdirSync(images)) {
    const pid = /^making-(\d+)-/.exec(name)?.[1]
    if (pid && !statSync(`/proc/${pid}`, { throwIfNoEntry: false }))
      rmSync(join(images, name), { recursive: true, force: true })
  }
}

/** Of the guest's own files and all that is chosen here. */
function digestOf(sources: string): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, TOOLS, LIBRARIES]))
  for (const name of readdirSync(sources).toSorted())
    hash.update(`\0${name}\0`).update(readFileSync(join(sources, name)))
  return hash.digest('hex').slice(0, 16)
}

function buildFailed(error: NodeJS.ErrnoException, cacheDir: string): MicrolanError {
  const code =
    error.code === 'ENOSPC'
      ? 'disk-full'
      : ['EACCES', 'EPERM', 'EROFS'].includes(error.code ?? '')
        ? 'cache-not-writable'
        : 'image-build-failed'
  return new MicrolanError({
    code,
    what: `The built-in guest cannot be made in ${cacheDir}.`,
    evidence: [{ source: 'file', from: cacheDir, said: error.message }],
    fix: [
      { say: 'See the space there:', run: `df -h ${cacheDir}` },
      { say: 'Or take another place:', run: 'MICROLAN_CACHE_DIR=/var/tmp/microlan microlan up' },
    ],
    cause: error,
  })
}
