// Sixteen guests on one LAN: every ordered pair answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canRunGuests, Scene } from '../support/scene.ts'

if (canRunGuests()) {
  test('16 guests on one LAN: all 240 pairs answer', async (t) => {
    await using scene = new Scene()
    const names = Array.from({ length: 16 }, (_, n) => `g${n + 1}`)
    const file = scene.file(
      `name: many\nnetworks: {lan: {}}\nguests:\n${names.map((name) => `  ${name}: {networks: [lan]}`).join('\n')}\n`,
    )
    const up = await scene.expect(0, 'up', '-f', file, '--json')
    const { pings } = JSON.parse(up.stdout)
    const between = pings.filter(
      ({ from, to }: { from: string; to: string }) => from !== 'host' && to !== 'host',
    )
    assert.equal(between.length, 240)
    assert.ok(pings.every(({ sent, received }: { sent: number; received: number }) => sent === received))
    t.diagnostic(`from command to matrix of 16 guests: ${(up.elapsedMs / 1000).toFixed(1)} s`)
  })

  test('100 ports on one LAN, networking only', async (t) => {
    await using scene = new Scene()
    const before = scene.picture()
    const guests = Array.from({ length: 100 }, (_, n) => `  g${n + 1}: {networks: [lan]}`)
    const file = scene.file(`name: ports\nnetworks: {lan: {}}\nguests:\n${guests.join('\n')}\n`)
    const up = await scene.expect(0, 'up', '-f', file, '--no-start', '--debug')
    assert.equal(JSON.parse(scene.inside('ip', '-j', 'link', 'show', 'master', 'ml-lan')).length, 100)
    const down = await scene.expect(0, 'down', 'ports', '--debug')
    assert.equal(scene.picture(), before)
    for (const { stderr } of [up, down])
      for (const line of stderr.split('\n').filter((text) => text.startsWith('✓') || text.includes('in all')))
        t.diagnostic(line)
  })
}
