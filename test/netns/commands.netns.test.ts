// The lines of --show-commands, run by a shell, make what microlan makes: its plan then has nothing left to do.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LinuxHost } from '../../src/host/linux.ts'
import { plan, planDown } from '../../src/plan/plan.ts'
import { commands, explain } from '../../src/plan/traits.ts'
import { Store } from '../../src/state/store.ts'
import { labs } from '../contract/labs.ts'
import { inNetns } from '../support/in-netns.ts'

if (inNetns()) {
  const stateDir = mkdtempSync(join(tmpdir(), 'microlan-test-'))
  after(() => rmSync(stateDir, { recursive: true }))
  const settings = {
    stateDir,
    cacheDir: stateDir,
    netns: null,
    emulator: [],
    firecracker: null,
    imageSources: '',
  }
  const host = new LinuxHost(settings, Store.open(stateDir))
  const run = (line: string) => execFileSync('sh', ['-c', line], { stdio: ['ignore', 'ignore', 'pipe'] })
  const links = () => execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })

  for (const { name, lab } of labs) {
    test(`by hand: ${name}, and down again`, async () => {
      const before = links()
      const up = plan(lab, await host.observe(), { guests: 'left' })
      for (const line of up.flatMap(commands)) run(line)
      assert.deepEqual(plan(lab, await host.observe(), { guests: 'left' }).map(explain), [])
      for (const line of planDown('lab', await host.observe()).flatMap(commands)) run(line)
      assert.equal(links(), before)
    })
  }

  test('by hand: from each lab to the next', async () => {
    for (const { name, lab } of [...labs, labs[0]!]) {
      for (const line of plan(lab, await host.observe(), { guests: 'left' }).flatMap(commands)) run(line)
      assert.deepEqual(plan(lab, await host.observe(), { guests: 'left' }).map(explain), [], name)
    }
  })
}
