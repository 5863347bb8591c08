import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeCpio } from './cpio.ts'
import { closeModules, moduleDepends } from './module.ts'
import { askRun, parseReply, quote } from './protocol.ts'

test('an archive has its folders before their files, and no times or owners', () => {
  const content = Buffer.from('hi')
  const archive = writeCpio(
    new Map([
      ['b/c/file', { kind: 'file', mode: 0o755, content }],
      ['a', { kind: 'link', to: 'b' }],
    ]),
  )
  const names = [...archive.toString('latin1').matchAll(/070701[0-9A-F]{104}([^\0]+)\0/gi)].map(
    ([, name]) => name,
  )
  assert.deepEqual(names, ['a', 'b', 'b/c', 'b/c/file', 'TRAILER!!!'])
  assert.equal(archive.length % 4, 0)
  const file = archive.indexOf('b/c/file') - 110
  // inode, mode, uid, gid, links, mtime, size.
  assert.equal(
    archive.toString('latin1', file, file + 62),
    '070701' + '00000004' + '000081ed' + '00000000' + '00000000' + '00000001' + '00000000' + '00000002',
  )
})

test('modules bring what they need, deepest last, and built-in ones nothing', () => {
  const module = (name: string, depends: string) =>
    [
      name,
      { path: `kernel/${name}.ko`, content: Buffer.from(`\0name=${name}\0depends=${depends}\0`) },
    ] as const
  const modules = new Map([
    module('virtio_net', 'failover,net_failover'),
    module('net_failover', 'failover'),
    module('failover', ''),
  ])
  assert.deepEqual(moduleDepends(modules.get('virtio_net')!.content), ['failover', 'net_failover'])
  const { names, dep } = closeModules(['virtio_net', 'ext4'], modules)
  assert.deepEqual(names, ['failover', 'net_failover', 'virtio_net'])
  assert.match(dep, /^kernel\/virtio_net\.ko: kernel\/net_failover\.ko kernel\/failover\.ko$/m)
})

test('replies are told from console output, and words survive the shell', () => {
  assert.equal(parseReply('[    0.1] booting'), null)
  assert.deepEqual(parseReply('/ # \x02Q a.1 137\r'), { kind: 'exit', id: 'a.1', code: 137 })
  assert.deepEqual(parseReply('\x02O a.1 aGk='), { kind: 'stdout', id: 'a.1', data: Buffer.from('hi') })
  assert.equal(askRun('a.1', 'true'), 'X a.1 dHJ1ZQ==\n')
  assert.equal(["it's", '', 'a b', '$x', 'ok-1.2'].map(quote).join(' '), "'it'\\''s' '' 'a b' '$x' ok-1.2")
})
