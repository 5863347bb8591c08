// The contract of Host: four laws for every pair of labs, and a random walk. Run against the fake and against Linux.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply } from '../../src/host/apply.ts'
import type { Host } from '../../src/host/host.ts'
import type { Lab } from '../../src/model/desired.ts'
import { plan } from '../../src/plan/plan.ts'
import { explain, undo } from '../../src/plan/traits.ts'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { showHost } from '../support/show-host.ts'
import { labs } from './labs.ts'

export interface HostUnderTest {
  readonly host: Host
  /** Whether this host runs guests; if not, plans leave them out. */
  readonly guests: 'started' | 'left'
  /** Jumps of the random walk. */
  readonly jumps: number
  /** After which steps plans are stopped: a fake can afford every one, for each pair of labs. */
  readonly stops: 'every' | 'one'
}

const never = new AbortController().signal
const now = () => performance.now()

/** Registers the contract's tests. `start` gives a host with nothing of ours on it. */
export function hostContract(name: string, start: () => Promise<HostUnderTest>): void {
  const planFor = async ({ host, guests }: HostUnderTest, lab: Lab) =>
    plan(lab, await host.observe(), { guests })
  const go = async (under: HostUnderTest, lab: Lab) =>
    apply(under.host, await planFor(under, lab), { signal: never, onFailure: 'undo', now })
  const shown = async ({ host }: HostUnderTest) => showHost(await host.observe())
  const nothing = labs[0]!.lab

  /** What each lab looks like when it is made from nothing: the truth that all other ways must reach. */
  async function pictures(under: HostUnderTest): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    for (const { name, lab } of labs) {
      await go(under, lab)
      found.set(name, await shown(under))
      await go(under, nothing)
    }
    return found
  }

  test(`${name}: up twice is no steps`, async () => {
    const under = await start()
    for (const { name, lab } of labs) {
      await go(under, lab)
      assert.deepEqual((await planFor(under, lab)).map(explain), [], name)
    }
    await go(under, nothing)
  })

  test(`${name}: A then B is the same as B alone, and down leaves nothing`, async () => {
    const under = await start()
    const before = await shown(under)
    const picture = await pictures(under)
    for (const a of labs) {
      for (const b of labs) {
        await go(under, a.lab)
        await go(under, b.lab)
        assert.equal(await shown(under), picture.get(b.name), `${a.name} → ${b.name}`)
      }
    }
    await go(under, nothing)
    assert.equal(await shown(under), before)
  })

  test(`${name}: up then undo is as before`, async () => {
    const under = await start()
    for (const a of labs) {
      for (const b of labs) {
        await go(under, a.lab)
        const before = await shown(under)
        const steps = await planFor(under, b.lab)
        await apply(under.host, steps, { signal: never, onFailure: 'undo', now })
        await apply(under.host, steps.toReversed().flatMap(undo), { signal: never, onFailure: 'go-on', now })
        assert.equal(await shown(under), before, `${a.name} → ${b.name} → back`)
        await go(under, a.lab)
        assert.equal(await shown(under), before, `${a.name} again`)
      }
    }
    await go(under, nothing)
  })

  test(`${name}: stopped after any step, a new plan arrives`, async (t) => {
    const under = await start()
    const seed = chooseSeed()
    const random = randomFrom(seed)
    if (under.stops === 'one') t.diagnostic(`MICROLAN_SEED=${seed}`)
    const picture = await pictures(under)
    const pairs = labs.flatMap((a, i) => labs.filter((_, j) => j !== i).map((b) => ({ a, b })))
    for (const { a, b } of pairs) {
      await go(under, a.lab)
      const steps = await planFor(under, b.lab)
      const stops = under.stops === 'every' ? steps.keys() : [random(steps.length)]
      for (const stop of stops) {
        await go(under, a.lab)
        const again = await planFor(under, b.lab)
        for (const step of again.slice(0, stop)) await under.host.perform([step], never)
        await go(under, b.lab)
        assert.equal(await shown(under), picture.get(b.name), `${a.name} → ${b.name}, stopped after ${stop}`)
      }
    }
    await go(under, nothing)
  })

  test(`${name}: a random walk between labs always arrives`, async (t) => {
    const under = await start()
    const seed = chooseSeed()
    t.diagnostic(`MICROLAN_SEED=${seed}`)
    const random = randomFrom(seed)
    const picture = await pictures(under)
    for (let jump = 0; jump < under.jumps; jump++) {
      const { name, lab } = labs[random(labs.length)]!
      const steps = await planFor(under, lab)
      const stop = random(steps.length + 1)
      for (const step of steps.slice(0, stop)) await under.host.perform([step], never)
      if (random(2) === 0) continue
      await go(under, lab)
      assert.equal(await shown(under), picture.get(name), `seed ${seed}, jump ${jump} to ${name}`)
    }
    await go(under, nothing)
  })
}
