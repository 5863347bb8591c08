// What the command line decides before any verb runs: directories, programs, the lab file, the session.
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MicrolanError } from '../errors.ts'
import { Machine } from '../host/machine.ts'
import type { Settings } from '../host/settings.ts'
import type { LabFile } from '../model/lab-file.ts'
import { parseLabFile } from '../model/lab-file.ts'
import type { Session } from '../verbs/session.ts'
import type { Arguments } from './arguments.ts'
import type { Output } from './output.ts'

/** The checkout (or installation) that this bundle, dist/main.mjs, is part of. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

export interface NamedLabFile {
  readonly file: LabFile
  readonly path: string
  readonly defaultName: string
}

export class Program implements Disposable {
  private readonly args: Arguments
  private readonly output: Output
  private readonly signal: AbortSignal
  private machine: Machine | null = null

  constructor(args: Arguments, output: Output, signal: AbortSignal) {
    this.args = args
    this.output = output
    this.signal = signal
  }

  /** Opens the machine on first use: verbs that need none (help) touch no state. */
  session(): Session {
    this.machine ??= Machine.open(readSettings(this.args))
    return { machine: this.machine, signal: this.signal, tell: this.output.tell }
  }

  /** @throws file-missing, file-unreadable, file-syntax, file-duplicate, file-invalid */
  labFile(): NamedLabFile {
    const path = resolve(this.args.value('file') ?? findLabFile())
    const shown = this.args.value('file') ?? basename(path)
    return { file: parseLabFile(readLabFile(path, shown), shown), path, defaultName: folderName(path) }
  }

  /** The lab that a verb without a name means: the one of the lab file. */
  labName(): string {
    const { file, defaultName } = this.labFile()
    return file.body.name ?? defaultName
  }

  [Symbol.dispose](): void {
    this.machine?.[Symbol.dispose]()
  }
}

function readSettings(args: Arguments): Settings {
  const { env } = process
  const cacheHome = env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return {
    stateDir: resolve(args.value('state-dir') ?? env.MICROLAN_STATE_DIR ?? '/var/lib/microlan'),
    cacheDir: resolve(env.MICROLAN_CACHE_DIR ?? join(cacheHome, 'microlan')),
    netns: args.value('netns'),
    emulator: [process.execPath, join(ROOT, 'dist', 'firecracker-emulator.mjs')],
    firecracker: env.MICROLAN_FIRECRACKER ?? inPath('firecracker'),
    imageSources: join(ROOT, 'image'),
  }
}

function inPath(program: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    // Not there: the usual case.
    return false
  }
}

const NAMES = ['microlan.yaml', 'microlan.yml', 'microlan.json']

function findLabFile(): string {
  const found = NAMES.find((name) => statSync(name, { throwIfNoEntry: false })?.isFile())
  if (found) return found
  throw new MicrolanError({
    code: 'file-missing',
    what: 'There is no lab file in this folder.',
    evidence: [{ source: 'file', from: process.cwd(), said: `none of ${NAMES.join(', ')}` }],
    fix: [
      { say: 'Name one:', run: 'microlan up -f examples/two-guests.yaml' },
      { say: 'Or write one:', run: 'microlan help file' },
    ],
    exit: 2,
  })
}

function readLabFile(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const missing = code === 'ENOENT'
    throw new MicrolanError({
      code: missing ? 'file-missing' : 'file-unreadable',
      what: missing ? `There is no lab file ${shown}.` : `The lab file ${shown} cannot be read.`,
      evidence: [{ source: 'file', from: path, said: message }],
      fix: [{ say: missing ? 'Check the path given to -f.' : 'Check what it is, and its permissions.' }],
      exit: 2,
      cause: error,
    })
  }
}

/** A folder's name made fit to be a lab's: letters, digits and dashes. */
function folderName(path: string): string {
  const name = basename(dirname(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
  return name.replace(/^-+|-+$/g, '') || 'lab'
}
