/** Checks of the code itself: which way imports point, what the pure layers may touch, and size. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

/** What each layer may import besides itself. Think hard before changing this table. */
const layers: Record<string, string[]> = {
  protocol: [],
  'src/env': [],
  'src/core': ['protocol'],
  'src/log': ['protocol', 'src/env', 'src/core'],
  'src/client': ['protocol', 'src/env'],
  'src/coordinator': ['protocol', 'src/env', 'src/core', 'src/log'],
  'src/broker': ['protocol', 'src/env', 'src/core', 'src/log', 'src/client', 'src/coordinator'],
  'src/index.ts': [
    'protocol',
    'src/env',
    'src/core',
    'src/client',
    'src/coordinator',
    'src/broker',
  ],
  'src/cli': [
    'protocol',
    'src/env',
    'src/core',
    'src/log',
    'src/client',
    'src/coordinator',
    'src/broker',
    'src/index.ts',
  ],
}
/** Layers that decide and do nothing: no files, sockets, timers, clocks, chance or waiting. Hashes are fine. */
const pure = ['protocol', 'src/core']
const impure =
  /from 'node:(?!assert|buffer|zlib|module|crypto)|\b(random(Bytes|Int|UUID|FillSync)|async|await|Promise|process|console|setTimeout|setInterval|setImmediate|Date\.now|Math\.random)\b/
/** Only the two implementations of Env (and the entry point, for process signals) touch the world. */
const worldly =
  /from 'node:(net|tls|fs|fs\/promises|dns|timers|timers\/promises|http|child_process|worker_threads)'|\b(setTimeout|setInterval|setImmediate|Date\.now|Math\.random)\b/
const worldlyAllowed = ['src/env/', 'src/cli/']

const root = join(import.meta.dirname, '..')
const files = ['protocol', 'src'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `${folder}/${path}`),
)
const layerOf = (path: string) =>
  Object.keys(layers).find((layer) => path === layer || path.startsWith(`${layer}/`))
const text = (path: string) => readFileSync(join(root, path), 'utf8')
/** The source without comments. */
const code = (path: string) => text(path).replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '')

test('imports point down', () => {
  const wrong = files.flatMap((path) => {
    const layer = layerOf(path)
    if (layer === undefined) return [`${path} is in no layer`]
    return [...code(path).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)]
      .map(([, target = '']) => relative(root, join(root, dirname(path), target)))
      .filter((target) => {
        const to = layerOf(target) ?? ''
        return to !== layer && !layers[layer]?.includes(to)
      })
      .map((target) => `${path} may not import ${target}`)
  })
  expect(wrong).toEqual([])
})

test('the pure layers do no I/O and know no time', () => {
  const wrong = files
    .filter((path) => pure.includes(layerOf(path) ?? ''))
    .flatMap(
      (path) =>
        code(path)
          .match(impure)
          ?.slice(0, 1)
          .map((found) => `${path}: ${found}`) ?? [],
    )
  expect(wrong).toEqual([])
})

test('only Env touches the world', () => {
  const wrong = files
    .filter((path) => !worldlyAllowed.some((allowed) => path.startsWith(allowed)))
    .flatMap(
      (path) =>
        code(path)
          .match(worldly)
          ?.slice(0, 1)
          .map((found) => `${path}: ${found}`) ?? [],
    )
  expect(wrong).toEqual([])
})

test('files fit in the head', () => {
  const long = files
    .map((path) => ({ path, lines: text(path).split('\n').length }))
    .filter(({ lines }) => lines > 400)
  expect(long).toEqual([])
})
