import { FindCoordinator } from '../../../../protocol/messages/find-coordinator.ts'
import { OffsetFetch } from '../../../../protocol/messages/offset-fetch.ts'
import { CostMeter, type Figures, percentiles, perSecond } from '../bench-result.ts'
import {
  askOnce,
  type BenchTarget,
  createTopic,
  deleteTopic,
  expectNoError,
} from '../bench-target.ts'
import { closedLoop } from '../closed-loop.ts'
import { commitErrorAt, commitFrame, FrameRing } from '../load-frames.ts'
import { workload } from '../workload.ts'

const defaults = {
  topic: 'bench-commit',
  /** Simple groups, each with one offset: the commits are those of consumers that assign themselves. */
  groups: 100,
  /** A broker answers one request of a connection after the other: this is how many are under way. */
  connections: 256,
  window: 2,
  warmUpMs: 2000,
  durationMs: 5000,
}

/** Asks until every group's coordinator answers: the first question makes the internal topic. */
async function untilCoordinated(target: BenchTarget, groups: readonly string[]): Promise<void> {
  for (const key of groups) await untilNoError('FindCoordinator', () => findOne(target, key))
  for (const groupId of groups) await untilNoError('OffsetFetch', () => fetchOne(target, groupId))
}

async function findOne(target: BenchTarget, key: string): Promise<number> {
  return (await askOnce(target, FindCoordinator, 1, { key, keyType: 0 })).errorCode
}

async function fetchOne(target: BenchTarget, groupId: string): Promise<number> {
  return (await askOnce(target, OffsetFetch, 2, { groupId, topics: null })).errorCode
}

async function untilNoError(what: string, ask: () => Promise<number>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const errorCode = await ask()
    if (errorCode === 0) return
    if (attempt === 100) expectNoError(errorCode, what)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export const commit = workload<typeof defaults>({
  name: 'commit',
  description: 'commits offsets of many groups, so many in flight',
  defaults,
  small: { durationMs: 200, warmUpMs: 100, groups: 4, connections: 4 },
  async run(target, settings): Promise<Figures> {
    const { topic, connections, window } = settings
    const width = String(settings.groups).length
    const groups = Array.from({ length: settings.groups }, (_, i) => {
      return `bench-${String(i).padStart(width, '0')}`
    })
    await createTopic(target, topic, 1, {}, 1)
    try {
      await untilCoordinated(target, groups)
      const frames = groups.map((group, i) => commitFrame(group, topic, i))
      const rings = Array.from({ length: connections }, (_, i) => {
        const from = Math.floor((i * frames.length) / connections)
        return new FrameRing([...frames.slice(from), ...frames.slice(0, from)], window)
      })
      const errorAt = commitErrorAt(topic)
      const cost = new CostMeter(target)
      const totals = await closedLoop(
        {
          ...{ where: Array<BenchTarget>(connections).fill(target), window },
          ...{ warmUpMs: settings.warmUpMs, durationMs: settings.durationMs },
          take: (connection, count) => rings[connection]!.take(count),
          check: (head) => expectNoError(head.readInt16BE(errorAt), 'OffsetCommit'),
        },
        () => cost.start(),
      )
      return {
        requestsPerSecond: perSecond(totals.requests, totals.seconds),
        ...percentiles(totals.latencyNs),
        ...cost.figures(totals.requests * frames[0]!.length),
      }
    } finally {
      await deleteTopic(target, topic)
    }
  },
})
