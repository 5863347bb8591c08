// A place to run microlan in as a user would: a network namespace, a state directory, and the program itself.
// What a scene leaves behind when it ends is a failure of the test.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM = join(ROOT, 'microlan')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly elapsedMs: number
}

let scenes = 0

export class Scene implements AsyncDisposable {
  readonly netns = `ml-test-${process.pid}-${++scenes}`
  readonly stateDir = mkdtempSync(join(tmpdir(), 'microlan-test-'))

  constructor() {
    execFileSync('ip', ['netns', 'add', this.netns])
    this.inside('ip', 'link', 'set', 'lo', 'up')
  }

  /** A lab file in the state directory; gives its path. */
  file(yaml: string, name = 'microlan.yaml'): string {
    const path = join(this.stateDir, name)
    writeFileSync(path, yaml)
    return path
  }

  /** Starts microlan; the caller ends it or waits. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const own = ['--netns', this.netns, '--state-dir', this.stateDir]
    return spawn(PROGRAM, [...own, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }

  async run(
    args: readonly string[],
    { input, env }: { input?: Buffer; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ran> {
    const began = performance.now()
    const child = this.start(args, env)
    child.stdin!.end(input)
    const out = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]!.setEncoding('utf8').on('data', (text: string) => {
        out[name] += text
      })
    }
    const code = await new Promise<number | null>((done) => child.once('close', done))
    return { code, ...out, elapsedMs: performance.now() - began }
  }

  /** Runs it, and shows everything it said unless it ended with this code. */
  async expect(code: number, ...args: readonly string[]): Promise<Ran> {
    const ran = await this.run(args)
    assert.equal(ran.code, code, `microlan ${args.join(' ')}\n${ran.stdout.slice(0, 2000)}\n${ran.stderr}`)
    return ran
  }

  async json(code: number, ...args: readonly string[]) {
    return JSON.parse((await this.expect(code, '--json', ...args)).stdout)
  }

  /** A tool inside the namespace: the independent witness. */
  inside(...command: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.netns, ...command], { encoding: 'utf8' })
  }

  /**
   * Everything that a lab could leave on a host, as the host's own tools show it. Without what moves by itself:
   * timers, and the carrier of taps that nobody holds, which the kernel tells of a moment later.
   */
  picture(): string {
    const sysctls = this.inside('sysctl', '-a', '--pattern', '^net\\.').replace(
      /^.*(nf_conntrack_count|\.neigh\..*|random).*$/gm,
      '',
    )
    return [
      this.inside('ip', '-j', '-d', 'link'),
      this.inside('ip', '-j', 'addr'),
      this.inside('ip', '-j', 'route', 'show', 'table', 'all'),
      this.inside('ip', '-j', 'rule'),
      this.inside('bridge', '-j', 'fdb'),
      this.inside('nft', '-j', 'list', 'ruleset'),
      sysctls,
      this.processes().join('\n'),
    ]
      .join('\n')
      .replace(
        /"\w+_timer":[\d.]+|"operstate":"\w+"|"state":"(forwarding|disabled)"|"(NO-CARRIER|LOWER_UP|linkdown)"|,/g,
        '',
      )
  }

  /** Processes that belong to this scene: their arguments name its state directory. */
  processes(): readonly string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
          return words.includes(this.stateDir) ? [`${pid} ${words}`] : []
        } catch {
          return []
        }
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(['down', '--all'])
    const left = this.processes()
    for (const line of left) process.kill(Number(line.split(' ')[0]), 'SIGKILL')
    execFileSync('ip', ['netns', 'del', this.netns])
    rmSync(this.stateDir, { recursive: true, force: true })
    assert.deepEqual(left, [], 'processes were left behind')
  }
}

/** Whether guests can be run here; if not, registers one test that says why. */
export function canRunGuests(): boolean {
  if (process.geteuid?.() === 0) return true
  test('guests', (t) => {
    if (process.env.MICROLAN_REQUIRE?.includes('guest'))
      throw new Error('MICROLAN_REQUIRE=guest, and this is not root')
    t.skip('needs root, to make bridges and taps')
  })
  return false
}

/** Waits until `holds` gives something; on failure says what it saw last. */
export async function until<T>(
  what: string,
  holds: () => T | undefined | false,
  deadlineMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const value = holds()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`)
    await new Promise((next) => setTimeout(next, 20))
  }
}
