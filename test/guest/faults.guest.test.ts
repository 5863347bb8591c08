// Killed at any moment, interrupted, run twice at once: the next up arrives, and down leaves nothing.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { chooseSeed, randomFrom } from '../support/random.ts'
import { canRunGuests, Scene } from '../support/scene.ts'

const twoGuests = join(import.meta.dirname, '../../examples/two-guests.yaml')
const MOMENTS = 10

if (canRunGuests()) {
  test(`kill -9 of up at ${MOMENTS} random moments`, async (t) => {
    const seed = chooseSeed()
    t.diagnostic(`MICROLAN_SEED=${seed}`)
    const random = randomFrom(seed)
    for (let moment = 0; moment < MOMENTS; moment++) {
      await using scene = new Scene()
      const before = scene.picture()
      // The steps are over within 300 ms; the rest is waiting. Most moments go where most can break.
      const afterMs = moment % 5 === 4 ? random(2500) : 40 + random(320)
      const child = scene.start(['up', '-f', twoGuests])
      child.stdout!.resume()
      child.stderr!.resume()
      const closed = new Promise((done) => child.once('close', done))
      setTimeout(() => child.kill('SIGKILL'), afterMs)
      await closed
      const { pings, guests } = await scene.json(0, 'up', '-f', twoGuests)
      assert.equal(pings.length, 6, `seed ${seed}: killed after ${afterMs} ms`)
      assert.deepEqual(
        guests.map(({ state }: { state: string }) => state),
        ['running', 'running'],
      )
      const emulators = scene.processes().filter((line) => line.includes('firecracker-emulator'))
      assert.equal(emulators.length, 2, emulators.join('\n'))
      await scene.expect(0, 'down', 'two-guests')
      assert.equal(scene.picture(), before, `seed ${seed}: killed after ${afterMs} ms`)
    }
  })

  test('Ctrl-C in the middle of up takes everything back, and says so', async () => {
    // In the middle of the steps; while guests boot; and while the first is already there.
    for (const moment of ['made bridge', 'started guest', 'is ready']) {
      await using scene = new Scene()
      const before = scene.picture()
      const child = scene.start(['up', '-f', twoGuests])
      let said = ''
      child.stdout!.resume()
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text
        // Once: a second Ctrl-C means not to wait for the undo.
        if (said.includes(moment) && !child.killed) child.kill('SIGINT')
      })
      const code = await new Promise((done) => child.once('close', done))
      assert.equal(code, 130, `at "${moment}": ${said}`)
      assert.match(said, /undone/)
      assert.equal(scene.picture(), before, `at "${moment}": ${said}`)
      assert.match((await scene.expect(0, 'ls')).stdout, /no labs/)
    }
  })

  test('two microlan at once: one waits for the other, both are right', async () => {
    await using scene = new Scene()
    const lab = (name: string, n: number) =>
      scene.file(
        `name: ${name}\nnetworks: {lan: {subnet: 10.${n}.0.0/24}}\nguests: {g${n}: {networks: [lan]}}`,
        `${name}.yaml`,
      )
    const files = [lab('one', 1), lab('two', 2), lab('three', 3)]
    const all = await Promise.all(files.map((file) => scene.json(0, 'up', '-f', file)))
    assert.deepEqual(
      all.map(({ pings }) => pings.length),
      [2, 2, 2],
    )
    const twice = await Promise.all([1, 2, 3].map(() => scene.json(0, 'up', '-f', files[0]!)))
    assert.deepEqual(
      twice.map(({ steps }) => steps),
      [[], [], []],
    )
    assert.equal(JSON.parse(scene.inside('ip', '-j', 'link', 'show', 'type', 'bridge')).length, 3)
    await scene.expect(0, 'down', '--all')
    assert.equal(JSON.parse(scene.inside('ip', '-j', 'link')).length, 1)
  })

  test('what others changed is mended, and nothing else is touched', async () => {
    await using scene = new Scene()
    await scene.expect(0, 'up', '-f', twoGuests, '--quiet')
    scene.inside('nft', 'flush', 'ruleset')
    scene.inside('ip', 'link', 'set', 'ml-lan_2', 'nomaster')
    scene.inside('ip', 'link', 'set', 'ml-lan', 'address', '02:00:00:00:00:01')
    const { steps } = await scene.json(0, 'up', '-f', twoGuests)
    assert.deepEqual(steps, [
      'loaded the firewall table bridge microlan',
      'let 06:00:ac:1e:00:02 and no other address send from ml-lan_2',
      'let 06:00:ac:1e:00:03 and no other address send from ml-lan_3',
      'mended bridge ml-lan: mac was 02:00:00:00:00:01',
      'mended tap ml-lan_2 of guest "alice": bridge was none',
    ])
    scene.inside('ip', 'link', 'del', 'ml-lan_3')
    const again = await scene.json(0, 'up', '-f', twoGuests)
    assert.deepEqual(again.steps, [
      'stopped guest "bob" (it lost its tap ml-lan_3)',
      'plugged tap ml-lan_3 of guest "bob" into ml-lan',
      'started guest "bob"',
    ])
  })
}
