import { expect, test } from 'vitest'
import type { ClusterRecord } from '../../protocol/coordinator/record.ts'
import { Journal } from '../../src/coordinator/journal.ts'
import { ClusterImage } from '../../src/core/cluster/image.ts'
import type { Env } from '../../src/env/env.ts'
import { Host } from '../sim/host.ts'
import { Network } from '../sim/network.ts'
import { World } from '../sim/world.ts'

const segment = (revision: number) => `/meta/${String(revision).padStart(20, '0')}.log`
const config = (name: string): ClusterRecord => ({
  kind: 'config',
  resourceType: 4,
  resourceName: '',
  name,
  value: 'x',
})

/** Runs until the promise has settled. */
async function now<T>(world: World, promise: Promise<T>): Promise<T> {
  let done = false
  const settle = () => {
    done = true
  }
  promise.then(settle, settle)
  for (let i = 0; i < 100 && !done; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    await world.run(world.nowMs + 10, () => done)
  }
  return promise
}

async function written(names: string[], snapshotAfter?: number) {
  const world = new World(1)
  const host = new Host(world, new Network(world), 'host')
  const journal = new Journal(host.env, '/meta')
  await now(world, journal.open())
  const image = new ClusterImage()
  for (const [i, name] of names.entries()) {
    if (i === snapshotAfter) journal.snapshot(i, [...image.records()].slice(2))
    image.apply(config(name))
    await now(world, journal.txn([config(name)]))
  }
  await now(world, journal.close())
  return { world, host, env: host.env }
}

async function reopened(world: World, env: Env) {
  const journal = new Journal(env, '/meta')
  const state = await now(world, journal.open())
  const names = [...state.records].map((record) => (record.kind === 'config' ? record.name : '?'))
  await now(world, journal.close())
  return { generation: state.generation, revision: state.revision, names }
}

test('what was answered is there after a restart, in a later generation', async () => {
  const { world, env } = await written(['a', 'b', 'c'])
  expect(await reopened(world, env)).toEqual({
    generation: 2,
    revision: 3,
    names: ['a', 'b', 'c'],
  })
})

test('D14: a torn end is cut, at whatever byte', async () => {
  const { world, env } = await written(['a', 'b', 'c'])
  const whole = env.files.readFile(segment(0))
  const two = await written(['a', 'b'])
  const kept = two.env.files.readFile(segment(0)).length
  for (let size = kept; size < whole.length; size++) {
    env.files.replaceFile(segment(0), whole.subarray(0, size))
    expect((await reopened(world, env)).names).toEqual(['a', 'b'])
  }
})

test('D14: a flipped bit with good batches behind it is damage: the file and the byte are named', async () => {
  const { world, env } = await written(['a', 'b', 'c'])
  const bytes = env.files.readFile(segment(0))
  bytes[100] = bytes[100]! ^ 1
  env.files.replaceFile(segment(0), bytes)
  await expect(reopened(world, env)).rejects.toThrow(
    /0{20}\.log is damaged at byte \d+: a good batch follows at \d+/,
  )
})

test('after a snapshot the journal goes on in another file', async () => {
  const { world, env } = await written(['a', 'b', 'c', 'd'], 2)
  expect({
    files: env.files.list('/meta').map(({ name }) => name),
    ...(await reopened(world, env)),
  }).toEqual({
    files: expect.arrayContaining([
      '00000000000000000000.log',
      '00000000000000000002-0000000001.checkpoint',
      '00000000000000000002.log',
    ]),
    generation: 2,
    revision: 4,
    names: ['a', 'b', 'c', 'd'],
  })
})

test('D14: a damaged snapshot is made up for by the one before it and its journals', async () => {
  const { world, env } = await written(['a', 'b', 'c', 'd'], 2)
  const bytes = env.files.readFile(
    `/meta/${'2'.padStart(20, '0')}-${'1'.padStart(10, '0')}.checkpoint`,
  )
  env.files.replaceFile(
    `/meta/${'2'.padStart(20, '0')}-${'1'.padStart(10, '0')}.checkpoint`,
    bytes.subarray(0, bytes.length - 3),
  )
  expect((await reopened(world, env)).names).toEqual(['a', 'b', 'c', 'd'])
})

test('D15: a second coordinator on the same directory is refused', async () => {
  const { world, env } = await written(['a'])
  const first = new Journal(env, '/meta')
  await now(world, first.open())
  await expect(now(world, new Journal(env, '/meta').open())).rejects.toThrow(
    'is in use by another process',
  )
})

test('many transactions share a sync, and a snapshot between them loses none', async () => {
  const world = new World(1)
  const { env } = new Host(world, new Network(world), 'host')
  const journal = new Journal(env, '/meta')
  await now(world, journal.open())
  const image = new ClusterImage()
  const txns: Promise<string>[] = []
  for (let i = 0; i < 50; i++) {
    image.apply(config(`n${i}`))
    txns.push(journal.txn([config(`n${i}`)]))
    if (i === 20) journal.snapshot(21, [...image.records()].slice(2))
  }
  const results = new Set(await now(world, Promise.all(txns)))
  await now(world, journal.close())
  const { names } = await reopened(world, env)
  expect({ results: [...results], names }).toEqual({
    results: ['applied'],
    names: Array.from({ length: 50 }, (_, i) => `n${i}`),
  })
})
