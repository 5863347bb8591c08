// Bundles the two programs into dist/. One small CommonJS file answers --version and loads the rest only when asked.
import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const shared = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  outdir: 'dist',
  define: { MICROLAN_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
  sourcemap: 'linked',
} as const

await Promise.all([
  build({
    ...shared,
    entryPoints: { microlan: 'src/cli/start.ts' },
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    external: ['./main.mjs'],
  }),
  build({
    ...shared,
    entryPoints: { main: 'src/cli/main.ts', 'firecracker-emulator': 'src/emulator/main.ts' },
    format: 'esm',
    splitting: true,
    outExtension: { '.js': '.mjs' },
    external: ['koffi'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  }),
])
// Written last: a build that was killed is done again.
writeFileSync('dist/stamp', version)
