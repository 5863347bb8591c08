export default {
  forbidden: [
    { name: 'a', comment: 'c', severity: 'error', from: { path: '^src/model' }, to: { path: '^src/plan' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
}
