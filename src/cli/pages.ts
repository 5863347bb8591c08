// Pages: the lab file's, each verb's, and those of docs/ that are made of the same tables.
import { table } from '../view/table.ts'
import { codes } from './codes.ts'
import type { Command, Flag } from './command.ts'
import { globalFlags } from './command.ts'

const plain = (text: string): string => text

export const indented = (rows: readonly (readonly string[])[]): string =>
  table(rows, plain).replace(/^/gm, '  ')

export const flagRow = ({ name, short, value, summary }: Flag): readonly string[] => [
  `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
  summary,
]

export function commandPage({ name, summary, usage, flags, examples, about }: Command): string {
  return [
    `microlan ${name}: ${summary}`,
    '',
    indented(examples.map(({ run, does }) => [run, does])),
    '',
    'usage',
    `  microlan ${[name, usage, '[FLAGS]'].filter(Boolean).join(' ')}`,
    ...(flags.length > 0 ? ['', 'flags', indented(flags.map(flagRow))] : []),
    ...(about.length > 0 ? ['', ...about] : []),
  ].join('\n')
}

/** docs/cli.md */
export const cliPage = (commands: readonly Command[]): string =>
  [
    '# The command line',
    '',
    'Made by `make docs` from the tables that `microlan help` prints.',
    ...commands.map((command) => `\n## ${command.name}\n\n\`\`\`\n${commandPage(command)}\n\`\`\``),
    `\n## Everywhere\n\n\`\`\`\n${indented(globalFlags.map(flagRow))}\n\`\`\``,
    '\nExit codes: 0 done · 1 failed · 2 wrong usage or file · 3 packets lost · 4 not permitted · 130 interrupted, after undo.',
    '',
  ].join('\n')

/** docs/errors.md */
export const errorsPage = (): string =>
  [
    '# Errors',
    '',
    'Made by `make docs` from the table that `microlan help CODE` prints. Codes are permanent.',
    ...Object.entries(codes)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, { means, todo }]) => `\n## \`${code}\`\n\n${means}\n\n**What to do.** ${todo}`),
    '',
  ].join('\n')

export const filePage = `microlan.yaml: one lab, its networks and its guests

name: lab                  # default: the folder's name
networks:
  lan:
    subnet: 172.30.0.0/24  # default: the next free /24; kept from then on
    mode: switch           # switch: learns and forwards · hub: every frame to every port
    mtu: auto              # auto (1500), or 576 to 65535 bytes
    bridge: br0            # default: ml-<network>, where that fits and is free
guests:
  alice:
    networks: [lan]        # a list, or a map with settings:
  bob:
    networks:
      lan:
        ip: 172.30.0.9     # default: the next free one; kept from then on
        mac: auto          # auto: 06:00 and the IPv4 address · aa:bb:cc:dd:ee:ff ·
                           # tap: its tap's own, which cannot work (up --allow-mac-collision)
    vcpus: 1               # 1 to 32
    memory: 128MiB         # 96MiB to 64GiB
    kernel: vmlinux        # without it, the built-in guest; paths are relative to this file
    initrd: initrd.img
    rootfs: root.ext4      # /dev/vda, writable
    bootArgs: quiet        # kernel arguments; microlan adds ip= for each network unless it is there
vmm: auto                  # auto: Firecracker where KVM runs guests · firecracker · emulator

The first network of a guest is its eth0 and brings its default route, the second is its eth1, and so on.
The host has the first address of each network. JSON works too.`
