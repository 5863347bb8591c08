import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArgumentError, parseArguments } from './arguments.ts'
import { bodies, parseBody } from './bodies.ts'
import { kernelArguments } from './qemu.ts'

const faults: readonly { body: string; fields: keyof typeof bodies; says: RegExp }[] = [
  { body: '{', fields: 'vm', says: /An error occurred when deserializing the json body of a request: / },
  { body: '{"state":"Paused","x":1}', fields: 'vm', says: /unknown field `x`, expected `state`/ },
  { body: '{}', fields: 'vm', says: /missing field `state`/ },
  {
    body: '{"state":"Off"}',
    fields: 'vm',
    says: /unknown variant `Off`, expected one of `Paused`, `Resumed`/,
  },
  {
    body: '{"vcpu_count":300,"mem_size_mib":1}',
    fields: 'machine-config',
    says: /invalid value: integer `300`, expected u8/,
  },
  {
    body: '{"vcpu_count":"1","mem_size_mib":1}',
    fields: 'machine-config',
    says: /invalid type: string "1", expected u8/,
  },
  {
    body: '{"iface_id":"a","host_dev_name":"t","guest_mac":"1:2"}',
    fields: 'network-interface',
    says: /The provided MAC address is invalid/,
  },
  {
    body: '{"drive_id":"a","is_root_device":true,"rate_limiter":{"ops":{"size":1}}}',
    fields: 'drive',
    says: /missing field `refill_time`/,
  },
]

for (const { body, fields, says } of faults)
  test(`refused: ${body}`, () => assert.throws(() => parseBody(body, bodies[fields]), says))

test('null is as good as absent', () => {
  assert.deepEqual(parseBody('{"kernel_image_path":"k","initrd_path":null}', bodies['boot-source']), {
    kernel_image_path: 'k',
  })
})

test('the command line is parsed as Firecracker parses it', () => {
  assert.deepEqual(
    [...parseArguments(['--id', 'a', '--no-seccomp'])],
    [
      ['id', 'a'],
      ['no-seccomp', ''],
    ],
  )
  assert.deepEqual([...parseArguments(['--id', '--version'])], [['version', '']])
  for (const [words, says] of [
    [['--nope'], 'UnexpectedArgument("--nope")'],
    [['--id'], 'MissingValue("id")'],
    [['--id', '--no-api'], 'MissingValue("id")'],
    [['--id=a'], 'UnexpectedArgument("--id=a")'],
    [['--id', 'a', '--id', 'b'], 'DuplicateArgument("id")'],
    [['--no-api'], 'MissingArgument("config-file")'],
  ] as const)
    assert.throws(() => parseArguments(words), new ArgumentError(says))
})

test('kernel arguments: what Firecracker appends, what TCG needs, and the text for init last', () => {
  const setup = {
    machine: { vcpu_count: 1, mem_size_mib: 128 },
    boot: { kernel_image_path: 'k', boot_args: 'console=ttyS0 -- one two' },
    drives: [{ drive_id: 'r', is_root_device: true, is_read_only: true, path_on_host: 'x' }],
    interfaces: [],
    agent: 'none' as const,
  }
  const tcg = { accelerator: 'tcg' as const, why: '', tscKhz: 2_000_000 }
  assert.equal(
    kernelArguments({ ...setup, accelerator: tcg }),
    'console=ttyS0 pci=off root=/dev/vda ro tsc_early_khz=2000000 tsc=reliable -- one two',
  )
  const kvm = { accelerator: 'kvm' as const, why: '', tscKhz: null }
  assert.equal(
    kernelArguments({ ...setup, accelerator: kvm }),
    'console=ttyS0 pci=off root=/dev/vda ro -- one two',
  )
})
