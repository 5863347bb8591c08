// Who may import whom. Every rule says why; the reason is printed when the rule is broken.
const edges = ['kernel', 'nft', 'vmm', 'guest', 'ping', 'state']
const pure = ['model', 'plan', 'view']
const folder = (names) => `^src/(${names.join('|')})/`

/** Each edge against all the others, as a folder may of course import itself. */
const edgeRules = edges.map((edge) => ({
  name: `${edge}-stands-alone`,
  comment: 'Edges never import each other, plans or views: each can be read, tested and replaced alone.',
  severity: 'error',
  from: { path: `^src/${edge}/` },
  to: {
    path: folder([
      ...edges.filter((other) => other !== edge),
      'plan',
      'view',
      'host',
      'lab',
      'cli',
      'emulator',
    ]),
  },
}))

export default {
  forbidden: [
    {
      name: 'model-knows-nothing-else',
      comment:
        'The nouns are what everything else is written in; they cannot depend on what is done with them.',
      severity: 'error',
      from: { path: '^src/model/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(model/|errors\\.ts)' },
    },
    {
      name: 'pure-stays-pure',
      comment:
        'Decisions take data and give data: no files, clocks or processes, so every case can be a table row.',
      severity: 'error',
      from: { path: folder(pure), pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-imports-no-edge',
      comment: 'A plan or a view that could reach the kernel would not be a plan or a view.',
      severity: 'error',
      from: { path: folder(pure), pathNot: '\\.test\\.ts$' },
      to: { path: folder([...edges, 'sys', 'host', 'verbs', 'cli', 'emulator']) },
    },
    ...edgeRules,
    {
      name: 'only-the-host-wires-edges',
      comment:
        'One place knows how Linux does it; the rest speaks to the Host port and can be run on a fake.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(host|${edges.join('|')})/` },
      to: { path: folder(edges), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-edges-call-the-system',
      comment: 'System calls are for edges (and the emulator, which is a program of its own).',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(sys|emulator|host|${edges.join('|')})/` },
      to: { path: '^src/sys/' },
    },
    {
      name: 'one-file-knows-koffi',
      comment: 'A wrong prototype is memory corruption: all of them stand in one short file.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sys/calls\\.ts$' },
      to: { path: 'koffi' },
    },
    {
      name: 'the-emulator-is-another-program',
      comment: 'It stands in for Firecracker: what it shared with microlan, the real one would not have.',
      severity: 'error',
      from: { path: '^src/emulator/' },
      to: { path: '^src/', pathNot: '^src/(emulator/|sys/|errors\\.ts)' },
    },
    {
      name: 'nobody-imports-the-emulator',
      comment: 'It is started like Firecracker and spoken to over the same socket.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/emulator/' },
      to: { path: '^src/emulator/' },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'The library does the work; the command line reads flags and prints.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports is a file that nobody needs.',
      severity: 'error',
      from: { orphan: true, pathNot: '(\\.test\\.ts|^src/cli/start\\.ts)$' },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
}
