// Debian packages for the guest: which versions there are, their files, their digests. Needs no root.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MicrolanError } from '../errors.ts'

export interface Package {
  readonly name: string
  readonly version: string
  readonly sha256: string
  readonly path: string
}

const run = promisify(execFile)

/** The kernel that Debian's cloud images use now: what its meta package depends on. */
export async function kernelPackage(): Promise<string> {
  const meta = 'linux-image-cloud-amd64'
  const { stdout } = await apt('apt-cache', ['depends', meta])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (name) return name
  throw downloadFailed(`apt-cache depends ${meta}`, stdout.trim() || 'nothing: apt has no package lists')
}

/**
 * Packages by name, fetched into `directory` unless they are there.
 *
 * @throws image-download-failed with apt's own words, disk-full
 */
export async function fetchPackages(
  names: readonly string[],
  directory: string,
): Promise<readonly Package[]> {
  mkdirSync(directory, { recursive: true })
  // apt fetches as the user _apt unless told otherwise, which may not write here.
  await apt('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...names], directory)
  const files = readdirSync(directory)
  return await Promise.all(
    names.map(async (name) => {
      const versions = files.filter((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'))
      const path = join(directory, await newest(directory, versions))
      const { stdout } = await run('dpkg-deb', ['-f', path, 'Version'])
      return {
        name,
        path,
        version: stdout.trim(),
        sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      }
    }),
  )
}

/** The one that apt has just named: an older download may lie beside it. */
async function newest(directory: string, files: readonly string[]): Promise<string> {
  let best = files[0]!
  for (const file of files.slice(1)) {
    const versions = await Promise.all(
      [file, best].map((name) => run('dpkg-deb', ['-f', join(directory, name), 'Version'])),
    )
    const [a, b] = versions.map(({ stdout }) => stdout.trim())
    const isNewer = await run('dpkg', ['--compare-versions', a!, 'gt', b!]).then(
      () => true,
      () => false,
    )
    if (isNewer) best = file
  }
  return best
}

/** Unpacks a package's files below `directory`. */
export async function unpackPackage({ path }: Package, directory: string): Promise<void> {
  await run('dpkg-deb', ['-x', path, directory])
}

async function apt(program: string, args: readonly string[], directory?: string) {
  try {
    return await run(program, args, {
      env: { ...process.env, LC_ALL: 'C' },
      ...(directory ? { cwd: directory } : {}),
    })
  } catch (error) {
    const { message, stderr } = error as Error & { readonly stderr?: string }
    throw downloadFailed([program, ...args].join(' '), stderr?.trim() || message)
  }
}

const downloadFailed = (from: string, said: string): MicrolanError =>
  new MicrolanError({
    code: /No space left/i.test(said) ? 'disk-full' : 'image-download-failed',
    what: 'The built-in guest cannot be made: its packages cannot be had from Debian.',
    evidence: [{ source: 'apt', from, said }],
    fix: [
      { say: 'Refresh the package lists, then try again:', run: 'apt-get update' },
      { say: 'Or give the guests a kernel of your own: "kernel:" in the lab file.' },
    ],
  })
