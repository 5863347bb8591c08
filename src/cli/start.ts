// The first file that runs: answers --version at once, and loads the rest only when it is needed.
// CommonJS after bundling, because Node starts that a few milliseconds sooner.
declare const MICROLAN_VERSION: string

const [first, second] = process.argv.slice(2)
if (second === undefined && (first === '--version' || first === '-V')) {
  process.stdout.write(`microlan ${MICROLAN_VERSION}\n`)
} else {
  // Bundled apart; the name is that of the file in dist/.
  const main = './main.mjs'
  import(main)
}

export {}
