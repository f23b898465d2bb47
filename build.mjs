// Bundles the command line and the embedding API to dist/. Packages with native parts, and those that
// few need, stay outside.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const common = { bundle: true, platform: 'node', target: 'node20', sourcemap: true }

rmSync('dist', { recursive: true, force: true })
await build({
  ...common,
  entryPoints: {
    index: 'src/index.ts',
    'check-records-thread': 'src/log/check-records-thread.ts',
  },
  splitting: true,
  format: 'esm',
  outdir: 'dist',
  packages: 'external',
  // Beside the thread's module, which the broker looks for beside itself.
  chunkNames: '[name]-[hash]',
})
// One file, because finding and linking modules costs a start more than running them.
await build({
  ...common,
  entryPoints: ['src/cli/main.ts'],
  format: 'cjs',
  outfile: 'dist/ottla.cjs',
  // Code that comes from a cache has nobody who would import for it: `require` does.
  supported: { 'dynamic-import': false },
  external: [
    'avsc',
    '@bokuweb/zstd-wasm',
    '@node-rs/crc32',
    'lz4-napi',
    'node-forge',
    'pino',
    'prom-client',
    'snappy',
  ],
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href" },
})
const buildId = createHash('sha256').update(readFileSync('dist/ottla.cjs')).digest('hex')
await build({
  ...common,
  entryPoints: { ottla: 'src/cli/compiled.ts' },
  format: 'esm',
  outdir: 'dist',
  define: { buildId: JSON.stringify(buildId.slice(0, 12)) },
})
chmodSync('dist/ottla.js', 0o755)
await compileOnce()

/** A broker that has run leaves its compiled code beside the program; others make it themselves. */
async function compileOnce() {
  const dir = mkdtempSync(join(tmpdir(), 'ottla-build-'))
  const args = ['dist/ottla.js', 'broker', '--port', '0', '--data-dir', join(dir, 'data')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.on('data', () => child.kill('SIGTERM'))
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  const code = await new Promise((done) => child.once('exit', done))
  clearTimeout(timer)
  rmSync(dir, { recursive: true, force: true })
  if (code !== 0) throw new Error(`The program that was built ended with ${code}`)
}
