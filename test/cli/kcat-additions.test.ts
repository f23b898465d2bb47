/** What kcat's users asked for and kcat lacks (cli.md §1.9): each as it is typed. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli, type RunOptions } from './bundled.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let cli: Bundled
let broker: TestNode
const minuteMs = 60_000
const now = Date.now()
const kcat = (line: string, options: RunOptions = {}) =>
  cli.run([...line.split(' '), '-b', `127.0.0.1:${broker.port}`], options)
const read = async (line: string) => (await kcat(`-C -e -q -t seed ${line}`)).stdout
const record = (ts: number, key: string, payload: string, headers: string[] = []) =>
  `${JSON.stringify({ partition: 0, ts, key, payload, headers })}\n`

beforeAll(async () => {
  ;[cli, broker] = await Promise.all([bundleCli(), startTestNode()])
  const seed = [
    record(now - 180 * minuteMs, 'user:1', 'old', ['kind', 'test', 'kind', 'again']),
    record(now - 5 * minuteMs, 'user:2', '{"a":1}'),
    record(now, 'other', 'é\u0001'),
  ]
  const { exit, stderr } = await kcat('-P -J -t seed', { input: seed.join('') })
  expect([exit, stderr]).toEqual([0, ''])
})
afterAll(async () => {
  cli?.remove()
  await broker?.stop()
})

test('what -C -J printed goes back with -P -J: keys, headers, partitions and times stay', async () => {
  for (const form of ['', ' --headers map', ' --encoding base64', ' --encoding hex']) {
    const lines = await read(`-J${form}`)
    // A map has each name once.
    const kept = form.includes('map') ? lines.replace('"kind":"test",', '') : lines
    const topic = `back${form.replaceAll(/\W/g, '-')}`
    const encoding = form.includes('encoding') ? form : ''
    const { exit } = await kcat(`-P -J -t ${topic}${encoding}`, { input: kept })
    const { stdout } = await kcat(`-C -e -q -J -t ${topic}${form}`)
    expect([form, exit, stdout.replaceAll(topic, 'seed')]).toEqual([form, 0, kept])
  }
})

test('bytes as base64 and hexadecimal, headers as a map, payloads as JSON', async () => {
  const first = async (line: string) => JSON.parse((await read(`${line} -c 1`)).split('\n')[0]!)
  expect([
    (await first('-J --encoding base64')).payload,
    (await first('-J --encoding hex')).key,
    (await first('-J --headers map')).headers,
    (await first('-J --embed-json -o 1')).payload,
  ]).toEqual([Buffer.from('old').toString('base64'), '757365723a31', { kind: 'again' }, { a: 1 }])
})

test('times as people write them, to start, to stop and to ask for', async () => {
  const iso = (ms: number) => new Date(ms).toISOString()
  const query = await kcat('-Q -t seed:0:-1h')
  expect([
    await read('-f %s; -o s@-10m'),
    await read('-f %s; -o e@-10m'),
    await read(`-f %s; -o s@${iso(now - 6 * minuteMs)} -o e@${iso(now - minuteMs)}`),
    await read('-f %F; -c 1'),
    query.stdout,
  ]).toEqual([
    '{"a":1};é\u0001;',
    'old;',
    '{"a":1};',
    `${iso(now - 180 * minuteMs)};`,
    'seed [0] offset 1\n',
  ])
})

test('formats for bytes, JSON, one header and the broker', async () => {
  expect(await read('-f %x{k}|%b{s}|%j{s}|%H{kind}|%B; -o 2')).toBe(
    `${Buffer.from('other').toString('hex')}|w6kB|"é\\u0001"||1;`,
  )
})

test('--grep looks at values, keys and headers, also the other way round', async () => {
  expect([
    await read('-f %o; --grep k:^user'),
    await read('-f %o; --grep !k:^user'),
    await read('-f %o; --grep h:kind=test'),
    await read('-f %o; --grep k:^user --grep ^old$'),
  ]).toEqual(['0;1;', '2;', '0;', '0;'])
})

test('--timeout gives up with 1, where kcat waits for ever', async () => {
  const { exit, stdout, stderr } = await kcat('-C -q -t seed -o end -c 1 --timeout 1')
  expect([exit, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^% ERROR: .*1 s/)
})

test('--rate sends all, no faster than that', async () => {
  const { exit } = await kcat('-P -t paced --rate 20', { input: 'x\n'.repeat(31) })
  const { stdout } = await kcat('-C -e -q -t paced -f %T;')
  const times = stdout.split(';').slice(0, -1).map(Number)
  // Their own times: a machine that is slow makes them longer, never shorter.
  expect([exit, times.length, times.at(-1)! - times[0]! > 1000]).toEqual([0, 31, true])
})

test('--partitioner places keys as Java does', async () => {
  const at = ['topics', 'create', 'java', '--partitions', '5', '-b', `127.0.0.1:${broker.port}`]
  await cli.run(at)
  await kcat('-P -t java -K : --partitioner murmur2_random', { input: '21:a\nfoobar:b\n' })
  const { stdout } = await kcat('-C -e -q -t java -f %k=%p;')
  // (murmur2 & 0x7fffffff) % 5, of the hashes of test/client/murmur2-vectors.json.
  expect(stdout.split(';').sort()).toEqual(['', '21=0', 'foobar=1'])
})
