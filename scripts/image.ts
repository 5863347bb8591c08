// Builds the built-in guest's image unless it is in the cache: set-up does it, so that tests need no network.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ensureImage } from '../src/guest/image.ts'

const { MICROLAN_CACHE_DIR, XDG_CACHE_HOME } = process.env
const cacheDir = MICROLAN_CACHE_DIR ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'microlan')

try {
  await ensureImage({ sources: 'image', cacheDir, onStep: (text) => console.log(`setup: ${text}`) })
} catch (error) {
  console.error(`setup: ${(error as Error).message}`)
  for (const { said } of (error as { evidence?: { said: string }[] }).evidence ?? []) console.error(said)
  process.exitCode = 1
}
