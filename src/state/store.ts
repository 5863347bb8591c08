// What microlan remembers between runs: labs, leases, and which VMM is whose. SQLite in WAL mode, so that a
// reader never waits and a `kill -9` loses nothing that was committed.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MicrolanError } from '../errors.ts'
import type { Guest, Lab, VmmKind } from '../model/desired.ts'
import type { Lease, Leases, NetworkLease } from '../model/lease.ts'
import type { ProcessId } from './process-id.ts'

/** A lab that was asked for. `lab` is what it resolved to, last time. */
export interface LabRecord {
  readonly name: string
  /** Absolute path of its file. */
  readonly file: string
  /** Network namespace that it lives in; null is the host's own. */
  readonly netns: string | null
  readonly lab: Lab
}

/** A VMM that was started, or is about to be: `process` is null until it is known. */
export interface VmmRecord {
  readonly guest: Guest
  readonly kind: VmmKind
  readonly directory: string
  readonly process: ProcessId | null
  readonly phase: 'starting' | 'running'
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS labs (name TEXT PRIMARY KEY, file TEXT NOT NULL, netns TEXT, lab TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS networks (
    lab TEXT NOT NULL, network TEXT NOT NULL, subnet TEXT NOT NULL, bridge TEXT NOT NULL, PRIMARY KEY (lab, network)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS leases (
    lab TEXT NOT NULL, network TEXT NOT NULL, guest TEXT NOT NULL, ip TEXT NOT NULL,
    PRIMARY KEY (lab, network, guest), UNIQUE (lab, network, ip)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS vmms (
    lab TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (lab, name)
  ) STRICT;
`

export class Store implements Disposable {
  readonly directory: string
  private readonly database: DatabaseSync

  private constructor(directory: string, database: DatabaseSync) {
    this.directory = directory
    this.database = database
  }

  /**
   * Opens or makes the state directory (mode 0700: consoles and sockets live in it).
   *
   * @throws state-not-writable (exit 4), disk-full
   */
  static open(directory: string): Store {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const database = new DatabaseSync(join(directory, 'state.db'), { timeout: 5000 })
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${SCHEMA}`)
      return new Store(directory, database)
    } catch (error) {
      throw notWritable(directory, error)
    }
  }

  [Symbol.dispose](): void {
    this.database.close()
  }

  labs(): readonly LabRecord[] {
    return this.database
      .prepare('SELECT name, file, netns, lab FROM labs ORDER BY name')
      .all()
      .map((row) => ({
        name: String(row.name),
        file: String(row.file),
        netns: row.netns === null ? null : String(row.netns),
        lab: JSON.parse(String(row.lab)) as Lab,
      }))
  }

  leases(): Leases {
    const networks = this.database.prepare('SELECT lab, network, subnet, bridge FROM networks').all()
    const guests = this.database.prepare('SELECT lab, network, guest, ip FROM leases').all()
    // Copied: SQLite's rows have no prototype, and would not compare equal to plain objects.
    return {
      networks: networks.map((row) => ({ ...row }) as unknown as NetworkLease),
      guests: guests.map((row) => ({ ...row }) as unknown as Lease),
    }
  }

  /** Writes a lab and its leases in one transaction. Leases of guests that it does not name are kept. */
  saveLab(record: LabRecord, leases: Leases): void {
    this.transaction(() => {
      this.database
        .prepare('INSERT OR REPLACE INTO labs VALUES (?, ?, ?, ?)')
        .run(record.name, record.file, record.netns, JSON.stringify(record.lab))
      const network = this.database.prepare('INSERT OR REPLACE INTO networks VALUES (?, ?, ?, ?)')
      for (const lease of leases.networks) network.run(lease.lab, lease.network, lease.subnet, lease.bridge)
      // Two guests may swap addresses: all old ones go before the first new one comes.
      const free = this.database.prepare(
        'DELETE FROM leases WHERE lab = ? AND network = ? AND (guest = ? OR ip = ?)',
      )
      for (const { lab, network, guest, ip } of leases.guests) free.run(lab, network, guest, ip)
      const lease = this.database.prepare('INSERT INTO leases VALUES (?, ?, ?, ?)')
      for (const { lab, network, guest, ip } of leases.guests) lease.run(lab, network, guest, ip)
    })
  }

  /** The lab is gone. Its leases stay for the next `up`, unless they are to be forgotten too. */
  removeLab(name: string, leases: 'kept' | 'forgotten'): void {
    this.transaction(() => {
      this.database.prepare('DELETE FROM labs WHERE name = ?').run(name)
      if (leases === 'kept') return
      this.database.prepare('DELETE FROM networks WHERE lab = ?').run(name)
      this.database.prepare('DELETE FROM leases WHERE lab = ?').run(name)
    })
  }

  vmms(): readonly VmmRecord[] {
    const rows = this.database.prepare('SELECT record FROM vmms ORDER BY lab, name').all()
    return rows.map((row) => JSON.parse(String(row.record)) as VmmRecord)
  }

  saveVmm(record: VmmRecord): void {
    this.database
      .prepare('INSERT OR REPLACE INTO vmms VALUES (?, ?, ?)')
      .run(record.guest.lab, record.guest.name, JSON.stringify(record))
  }

  removeVmm(lab: string, name: string): void {
    this.database.prepare('DELETE FROM vmms WHERE lab = ? AND name = ?').run(lab, name)
  }

  private transaction(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.database.exec('COMMIT')
    } catch (error) {
      this.database.exec('ROLLBACK')
      throw error
    }
  }
}

function notWritable(directory: string, error: unknown): MicrolanError {
  const { code, message } = error as NodeJS.ErrnoException
  const full = code === 'ENOSPC' || /full/.test(message)
  return new MicrolanError({
    code: full ? 'disk-full' : 'state-not-writable',
    what: full
      ? `No space is left for the state directory ${directory}.`
      : `microlan cannot write its state directory ${directory}.`,
    evidence: [{ source: 'file', from: directory, said: message }],
    fix: full
      ? [{ say: 'See what fills the disk:', run: `df -h ${directory}` }]
      : [{ say: 'Run as root, or name a directory of yours:', run: 'microlan --state-dir ~/.microlan …' }],
    exit: code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 4 : 1,
    cause: error,
  })
}
