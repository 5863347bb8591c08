// The agent over the serial console, as on a real Firecracker: the same commands, the same answers.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { openChannel, TTY_PIECE_BYTES } from '../../src/guest/channel.ts'
import { openTtyLine } from '../../src/guest/tty-line.ts'
import { vmmFiles } from '../../src/vmm/run.ts'
import { canRunGuests, Scene } from '../support/scene.ts'

if (canRunGuests()) {
  test('exec over ttyS0: codes, streams, every byte, two clients at once', async () => {
    await using scene = new Scene()
    const guests = 'guests: {alice: {networks: [lan], bootArgs: ml.agent=ttyS0}}'
    await scene.expect(0, 'up', '-f', scene.file(`name: tty\nnetworks: {lan: {}}\n${guests}`), '--no-wait')
    const files = vmmFiles(join(scene.stateDir, 'guests/tty/alice'))
    const open = () =>
      openChannel(
        openTtyLine(files.input, files.console, () => true),
        TTY_PIECE_BYTES,
      )
    using one = open()
    using two = open()
    await one.ready({ timeoutMs: 20_000 })
    await two.ready({ timeoutMs: 20_000 })
    const both = await Promise.all([one.exec('echo a; echo b >&2; exit 3'), two.exec(['hostname'])])
    assert.deepEqual([both[0].code, both[0].stdout.toString(), both[0].stderr.toString()], [3, 'a\n', 'b\n'])
    assert.deepEqual([both[1].code, both[1].stdout.toString()], [0, 'alice\n'])
    const input = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, n) => n)), randomBytes(4000)])
    const echoed = await one.exec('cat', {
      stdin: (async function* () {
        yield input
      })(),
    })
    assert.deepEqual(echoed.stdout, input)
  })
}
