// Bundles the command line and the embedding API to dist/. Packages with native parts stay outside.
import { chmodSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: { ottla: 'src/cli/ottla.ts', index: 'src/index.ts' },
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: 'dist',
  packages: 'external',
  sourcemap: true,
  chunkNames: 'chunks/[name]-[hash]',
})
chmodSync('dist/ottla.js', 0o755)
