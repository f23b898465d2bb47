import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CommandLine } from './command.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let cluster: EmbeddedCluster
const commandLine = new CommandLine()
const ottla = (line: string, input = '') =>
  commandLine.run(['-b', cluster.bootstrap, ...line.split(' ')], input)
const json = async (line: string) => JSON.parse((await ottla(`${line} --format json`)).out)
const replicas = (topic: string) =>
  cluster.image.topic(topic)!.partitions.map((p) => `${p.replicas} led by ${p.leader}`)
beforeAll(async () => {
  cluster = await EmbeddedCluster.start(3, { 'leader.imbalance.check.interval.seconds': 3600 })
})
afterAll(async () => {
  await cluster.stop()
  commandLine.remove()
})

test('brokers and health tell who leads what, and what is wrong', async () => {
  await cluster.createTopic('seen', [
    [1, 2, 3],
    [2, 3, 1],
  ])
  const { brokers } = await json('cluster brokers')
  expect(
    brokers.map((row: Record<string, unknown>) => [row['id'], row['leads'], row['replicas']]),
  ).toEqual([
    [1, 1, 2],
    [2, 1, 2],
    [3, 0, 2],
  ])
  const well = await ottla('cluster health')
  expect([well.exitCode, well.out]).toEqual([0, 'brokers     3\npartitions  2\nhealthy\n'])
})

test('a stopped broker is unhealthy; its leaderships come back by an election', async () => {
  await cluster.createTopic('elected', [[1, 2, 3]])
  await cluster.stopBroker(1)
  let sick = await ottla('cluster health')
  // The others hear of it in their own time.
  await cluster.until('broker 1 is missed', async () => {
    sick = await ottla('cluster health')
    return /brokers {5}2, missing: 1\n.* under-replicated\nnot healthy\n/.test(sick.out)
  })
  expect(sick.exitCode).toBe(1)
  expect(sick.out).toMatch(/elected +0 +2 +1,2,3 +2,3 +- +under-replicated/)
  await cluster.startBroker(1)
  await cluster.settled('elected')
  const before = replicas('elected')
  const dry = await ottla('cluster elect-leaders elected-0 --dry-run')
  const unasked = await ottla('cluster elect-leaders elected-0')
  const done = await ottla('cluster elect-leaders elected-0 --yes')
  const again = await ottla('cluster elect-leaders elected-0 --yes')
  expect([before, dry.error, unasked.exitCode, done.error, again.error]).toEqual([
    ['1,2,3 led by 2'],
    'Would move the leadership of elected-0 from broker 2 to broker 1\n',
    2,
    'Elected leaders of 1 of 1 partitions\n',
    'No partition needs an election\n',
  ])
  expect(replicas('elected')).toEqual(['1,2,3 led by 1'])
})

test('a plan is generated, executed, verified; its file is that of Kafka', async () => {
  await cluster.createTopic('moved', [
    [1, 2],
    [1, 2],
    [1, 2],
  ])
  const { out: plan } = await ottla('cluster reassign generate moved')
  expect(JSON.parse(plan)).toMatchObject({ version: 1 })
  const planned = JSON.parse(plan).partitions as { replicas: number[] }[]
  const early = await ottla('cluster reassign verify -', plan)
  const unmoved = replicas('moved')
  const unasked = await ottla('cluster reassign execute -', plan)
  const dry = await ottla('cluster reassign execute - --dry-run', plan)
  expect([unasked.exitCode, dry.exitCode, replicas('moved')]).toEqual([2, 0, unmoved])
  expect(dry.error).toMatch(/^(Would move moved-\d from [\d,]+ to [\d,]+\n)+$/)
  const executed = await ottla('cluster reassign execute - --throttle 10000000 --yes', plan)
  const verified = await ottla('cluster reassign verify - --format kafka', plan)
  expect([early.exitCode, executed.exitCode, verified.exitCode]).toEqual([1, 0, 0])
  expect(verified.out.split('\n')[1]).toMatch(/^Reassignment of partition moved-\d is completed.$/)
  const loads = [1, 2, 3].map(
    (id) => cluster.image.topic('moved')!.partitions.filter((p) => p.replicas.includes(id)).length,
  )
  expect([loads, planned.length > 0]).toEqual([[2, 2, 2], true])
  expect([...cluster.image.configs(2, 'moved'), ...cluster.image.configs(4, '1')]).toEqual([])
})

test('drain takes the leaderships of a broker, and all that it has when asked', async () => {
  await cluster.createTopic('drained', [
    [2, 1],
    [1, 2],
    [2, 3],
  ])
  const before = replicas('drained')
  const unasked = await ottla('cluster drain 2')
  const dry = await ottla('cluster drain 2 --dry-run')
  expect([unasked.exitCode, dry.exitCode, replicas('drained')]).toEqual([2, 0, before])
  expect((await ottla('cluster drain 2 --yes')).exitCode).toBe(0)
  const led = cluster.image.topic('drained')!.partitions.map(({ leader }) => leader)
  expect([led, replicas('drained')[0]]).toEqual([[1, 1, 3], '1,2 led by 1'])
  const all = await ottla('cluster drain 2 --replicas --yes')
  expect([all.exitCode, all.error]).toEqual([
    1,
    `ottla: No other broker can take elected-0, which has replicas on 1, 3, 2
ottla: No other broker can take seen-0, which has replicas on 1, 3, 2
ottla: No other broker can take seen-1, which has replicas on 3, 1, 2
Broker 2 holds 5 partitions less
`,
  ])
  const left = [...cluster.image.topics()].flatMap(({ partitions }) =>
    partitions.filter((partition) => partition.replicas.includes(2)),
  )
  expect(left.filter(({ topicId }) => topicId === cluster.image.topic('drained')!.topicId)).toEqual(
    [],
  )
})

test('what moves is cancelled only when it is asked for', async () => {
  await cluster.createTopic('going', [[1, 2]])
  await cluster.stopBroker(3)
  const plan = JSON.stringify({
    version: 1,
    partitions: [{ topic: 'going', partition: 0, replicas: [1, 3] }],
  })
  const started = await ottla('cluster reassign execute - --no-wait --yes', plan)
  const moving = await json('cluster reassign list')
  const unasked = await ottla('cluster reassign cancel --all')
  const dry = await ottla('cluster reassign cancel --all --dry-run')
  const still = await json('cluster reassign list')
  const done = await ottla('cluster reassign cancel --all --yes')
  const left = await json('cluster reassign list')
  await cluster.startBroker(3)
  await cluster.settled('going')
  expect([started, unasked, dry, done].map(({ exitCode }) => exitCode)).toEqual([0, 2, 0, 0])
  expect([moving.reassignments.length, still, left]).toEqual([1, moving, { reassignments: [] }])
})

test('what cannot be done is said in a sentence, with an exit code', async () => {
  const unknown = await ottla('cluster drain 9 --yes')
  const nothing = await ottla('cluster elect-leaders')
  const bad = await ottla('cluster reassign execute -', '{"version":2}')
  expect([unknown, nothing, bad].map(({ exitCode, error }) => [exitCode, error])).toEqual([
    [1, 'ottla: There is no broker 9\n'],
    [2, 'ottla: Say which partitions: orders-0, --topic orders, or --all\n'],
    [1, 'ottla: - is no plan: {"version":1,"partitions":[…]} is expected\n'],
  ])
})

test('the timeline tells who led when and why, and how long a replica was away', async () => {
  await cluster.createTopic('told', [[3, 1]])
  await cluster.stopBroker(3)
  await cluster.startBroker(3)
  await cluster.settled('told')
  const { events } = await json('cluster timeline --topic told')
  const lasted = (ms: number) => (ms < 0 ? '' : ' after some time')
  expect(
    events.map(
      (e: Record<'kind' | 'before' | 'after' | 'cause' | 'durationMs', never>) =>
        `${e.kind} ${e.before} -> ${e.after}${lasted(e.durationMs)}: ${e.cause}`,
    ),
  ).toEqual([
    'election 3 -> 1: broker 3 stops',
    'isr 3,1 -> 1: broker 3 stops',
    'isr 1 -> 3,1 after some time: 3 caught up',
  ])
  const leases = await ottla('cluster timeline --kind lease --limit 2')
  expect(leases.out).toMatch(
    /lease +broker 3 +held -> none +\d+ ms +broker 3: .*\n.*lease +broker 3 +none -> held +- +broker 3 is ready\n$/,
  )
})
