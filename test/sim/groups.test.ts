/**
 * The group coordinator moves between brokers, by their stops, deaths and pauses, while members join,
 * beat and commit: committed offsets never go back, no broker tells old ones, all is read.
 * `GROUP_SEED=4 GROUP_SEEDS=100` runs other seeds, and tells what happened.
 */
import { expect, test } from 'vitest'
import { SimCluster } from './cluster.ts'
import { GroupClients } from './group-clients.ts'
import { Network } from './network.ts'
import { plain } from './options.ts'
import { topic, Workload } from './workload.ts'
import { World } from './world.ts'

const options = {
  ...plain,
  ...{ brokers: 3, partitions: 4, minInsyncReplicas: 2, durable: false, leaseMs: 600 },
  ...{ lagMaxMs: 1_500, rates: [1, 1.005, 0.995, 1], syncMs: 0.5, tail: 0.0005 },
  ...{ producers: 1, perSecond: 20, faultsMs: 0 },
}

/** How a broker that coordinates is taken away, and brought back. */
const faults = ['stop', 'kill', 'pause'] as const

async function play(seed: number) {
  const world = new World(seed)
  try {
    return await playIn(world)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${world.trace.slice(-40).join('\n')}`)
  }
}

async function playIn(world: World) {
  const network = new Network(world)
  network.tail = options.tail
  const cluster = new SimCluster(world, network, options)
  const workload = new Workload(world, network, cluster)
  const clients = new GroupClients(world, network, cluster)
  for (const member of cluster.members) cluster.start(member)
  await finished(world, workload.createTopic(), 20_000)
  workload.start()
  clients.join('classic', 'classic', 3)
  clients.join('consumer', 'consumer', 3)
  clients.commitAndAsk()
  await world.run(world.nowMs + 4_000)
  let moves = 0
  for (let round = 0; round < 6; round++) moves += Number(await moveCoordinator(world, cluster))
  workload.stop()
  const sent = () =>
    new Set(workload.sent.flatMap(({ value, offset }) => (offset === undefined ? [] : [value])))
  const missing = (groupId: string) => {
    const read = new Set(clients.reads.get(groupId)!.map(({ value }) => value))
    return [...sent()].filter((value) => !read.has(value))
  }
  const quiet = () =>
    workload.outstanding === 0 && !missing('classic').length && !missing('consumer').length
  for (let waited = 0; !quiet() && waited < 900; waited++) await world.run(world.nowMs + 100)
  clients.stop()
  await world.run(world.nowMs + 5_000)
  return {
    missing: { classic: missing('classic'), consumer: missing('consumer') },
    moves,
    sent: sent().size,
    acknowledged: clients.acknowledged,
    answered: clients.answered,
    refused: Object.fromEntries(clients.refused),
  }
}

/** Takes the broker that coordinates away for a while; tells whether another one took over. */
async function moveCoordinator(world: World, cluster: SimCluster): Promise<boolean> {
  const chance = world.stream('moves')
  const leader = cluster.brokers.find(({ id }) => id === leaderOf(cluster))
  const fault = chance.pick([...faults])
  await world.run(world.nowMs + chance.between(500, 4_000))
  if (leader === undefined || !leader.running) return false
  world.note(`${fault} of ${leader.name}, which coordinates`)
  if (fault === 'stop') cluster.stop(leader)
  else if (fault === 'kill') leader.host.crash()
  else leader.host.process.paused = true
  await world.run(world.nowMs + chance.between(500, 3_000))
  const moved = leaderOf(cluster) !== leader.id
  if (leader.host.process.paused) world.resume(leader.host.process)
  const untilMs = world.nowMs + 20_000
  while (leader.stopping && leader.alive && world.nowMs < untilMs)
    await world.run(world.nowMs + 100)
  cluster.start(leader)
  return moved
}

function leaderOf(cluster: SimCluster): number | undefined {
  const image = cluster.coordinator.coordinator?.image
  return image?.topic('__consumer_offsets')?.partitions[0]?.leader
}

async function finished(world: World, work: Promise<void>, maxMs: number): Promise<void> {
  let done = false
  work.then(
    () => {
      done = true
    },
    (error: Error) => world.fail(error.message),
  )
  for (const untilMs = world.nowMs + maxMs; !done; await world.run(world.nowMs + 50))
    if (world.nowMs >= untilMs) throw new Error(`${topic} is not made`)
}

const first = Number(process.env['GROUP_SEED'] ?? 4)
const count = Number(process.env['GROUP_SEEDS'] ?? 2)
for (let seed = first; seed < first + count; seed++)
  test(`groups go on while their coordinator moves, seed ${seed}`, {
    timeout: 120_000,
  }, async () => {
    const { missing, moves, sent, acknowledged, answered, refused } = await play(seed)
    if (process.env['GROUP_SEEDS'])
      console.log({ seed, moves, sent, acknowledged, answered, refused, missing })
    expect(missing).toEqual({ classic: [], consumer: [] })
    expect(Math.min(moves, sent, acknowledged, answered)).toBeGreaterThan(0)
  })
