// Bundles the command line and the embedding API to dist/. Packages with native parts, and those that
// few need, stay outside.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
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
    'batch-work-thread': 'src/log/batch-work-thread.ts',
  },
  splitting: true,
  format: 'esm',
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
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
    'koffi',
    'lz4-napi',
    'node-forge',
    'pino',
    'prom-client',
    'snappy',
  ],
  define: { 'import.meta.url': 'moduleUrl' },
  // A third of the text to read at each start; names stay, for traces.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // `code-cache.ts` runs it: a text that is put together there would have to be copied.
  banner: {
    js: "(function(exports,require,module,__filename,__dirname){const moduleUrl=require('node:url').pathToFileURL(__filename).href;",
  },
  footer: { js: '})' },
})
const buildId = createHash('sha256').update(readFileSync('dist/ottla.cjs')).digest('hex')
await build({
  ...common,
  entryPoints: { ottla: 'src/cli/compiled.ts' },
  format: 'cjs',
  outdir: 'dist',
  define: { buildId: JSON.stringify(buildId.slice(0, 12)), 'import.meta.dirname': '__dirname' },
})
chmodSync('dist/ottla.js', 0o755)
// To load the first file as an ES module takes ten milliseconds more. The declarations are of one that is.
for (const [dir, type] of [
  ['dist', 'commonjs'],
  ['dist/types', 'module'],
]) {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'package.json'), `${JSON.stringify({ type })}\n`)
}
await compileOnce()

/** What broker and clients compile when they run is left beside the program; others make it themselves. */
async function compileOnce() {
  const dir = mkdtempSync(join(tmpdir(), 'ottla-build-'))
  const port = await freePort()
  const at = ['-b', `127.0.0.1:${port}`]
  const broker = start('broker', '--port', `${port}`, '--data-dir', join(dir, 'data'))
  try {
    await new Promise((ready) => broker.child.stdout.once('data', ready).once('end', ready))
    for (const args of [
      ['produce', 'compiled', ...at, '-q'],
      ['consume', 'compiled', ...at, '--from-beginning', '--exit', '-q'],
      ['-C', '-t', 'compiled', ...at, '-e', '-q'],
    ]) {
      const client = start(...args)
      client.child.stdin.end('a record\n')
      await client.ended
    }
  } finally {
    broker.child.kill('SIGTERM')
    await broker.ended.finally(() => rmSync(dir, { recursive: true, force: true }))
  }
}

function start(...args) {
  const child = spawn(process.execPath, ['dist/ottla.js', ...args])
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  const ended = new Promise((done, failed) =>
    child.once('exit', (code) => {
      clearTimeout(timer)
      if (code === 0) done()
      else failed(new Error(`ottla ${args.join(' ')} was built and ended with ${code}: ${said}`))
    }),
  )
  return { child, ended }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}
