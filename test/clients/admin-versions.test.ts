/** A real Kafka and Ottla answer an administrator alike, in every version of every API. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ownConfigs } from '../../src/broker/config/definitions/own.ts'
import { RawClient } from '../broker/raw-client.ts'
import { configs, others, type Step, security, topics } from './admin-steps.ts'
import { startTargetOf, type Target } from './target.ts'

const ones = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'default.replication.factor': '1',
  'group.initial.rebalance.delay.ms': '0',
}
let targets: Target[]
beforeAll(async () => {
  targets = await Promise.all([startTargetOf('kafka', ones), startTargetOf('ottla', ones)])
}, 180_000)
afterAll(async () => {
  for (const target of targets ?? []) await target.remove()
})

/** What differs from start to start, or is told in words of their own. */
const aside = new Set([
  ...['throttleTimeMs', 'topicId', 'logDir', 'partitionSize', 'totalBytes', 'usableBytes'],
  ...['leaderEpoch', 'highWatermark', 'logEndOffset', 'lastFetchTimestamp', 'port'],
  ...['lastCaughtUpTimestamp', 'replicaDirectoryId'],
])

/** Configurations that the two were started with: values of their own. */
const started = new Set<string>(Object.keys(ownConfigs))
function noteStarted(answer: any): void {
  for (const { configs } of answer.results ?? [])
    for (const { name, configSource } of configs) if (configSource === 4) started.add(name)
}

/** Without order where there is none; of documentation only whether there is any. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) {
    const items = value.filter((item) => !started.has(item?.name)).map(plain)
    return isSynonyms(value) ? items : items.sort((a, b) => (text(a) < text(b) ? -1 : 1))
  }
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !aside.has(key))
      .map(([key, inner]) => [key, key === 'documentation' ? Boolean(inner) : plain(inner)]),
  )
}
const text = (value: unknown) => JSON.stringify(value)
const isSynonyms = (items: readonly any[]) => items[0]?.source !== undefined

/** Of a long answer each configuration by itself: what differs is then readable. */
function parts(answer: any): string[] {
  const results = answer?.results?.filter(({ configs }: any) => configs !== undefined) ?? []
  if (results.length === 0) return [text(answer)]
  return results.flatMap(({ configs, ...rest }: any) => [text(rest), ...configs.map(text)])
}

interface Answer {
  readonly what: string
  readonly answer: unknown
}

async function answersOf(target: Target, steps: readonly Step[]): Promise<Answer[]> {
  const answers: Answer[] = []
  let client = await RawClient.connect(target.port)
  for (const { api, request } of steps)
    for (let version = api.versions[0]; version <= api.versions[1]; version++) {
      // What a version makes the next would find.
      const asked = api.name === 'CreateTopics' ? ofVersion(request, version) : request
      let answer: unknown
      try {
        answer = await client.ask(api, version, asked)
        noteStarted(answer)
      } catch (error) {
        answer = (error as Error).message
        client = await RawClient.connect(target.port)
      }
      answers.push({ what: `${api.name} ${version} ${text(request).slice(0, 300)}`, answer })
    }
  client.destroy()
  return answers
}

function ofVersion(request: any, version: number): unknown {
  const [topic] = request.topics
  const name = topic.name === 'assigned' ? `assigned-${version}` : topic.name
  return { ...request, topics: [{ ...topic, name }] }
}

/** By how a request begins, and why. */
const differences: readonly (readonly [what: string, why: string])[] = [
  ...[0, 1].map(
    (version) =>
      [
        `IncrementalAlterConfigs ${version} {"resources":[{"resourceType":2,"resourceName":"made","configs":[{"name":"retention.ms","value":"1","configOperation":9}`,
        'Kafka answers -1 and nothing more',
      ] as const,
  ),
  ...[1, 2, 3, 4].map(
    (version) =>
      [
        `DescribeConfigs ${version} {"resources":[{"resourceType":99`,
        'Kafka does not say what is wrong',
      ] as const,
  ),
  [
    'DescribeQuorum 2 {"topics":[{"topicName":"__cluster_metadata","partitions":[{"partitionIndex":0}',
    'the coordinator in the process has no listener of its own: it is told by that of the broker',
  ],
]

for (const [what, steps] of Object.entries({ topics, configs, others, security }))
  test(`Kafka and Ottla answer alike in every version: ${what}`, async () => {
    const [kafka, ottla] = await Promise.all(targets.map((target) => answersOf(target, steps)))
    expect(ottla!.length).toBeGreaterThan(30)
    const differing = ottla!.flatMap(({ what, answer }, i) => {
      const [ours, theirs] = [answer, kafka![i]!.answer].map((each) => parts(plain(each)))
      const only = (some: string[], other: string[]) => some.filter((each) => !other.includes(each))
      const [ottlaOnly, kafkaOnly] = [only(ours!, theirs!), only(theirs!, ours!)]
      const same = ottlaOnly.length + kafkaOnly.length === 0
      const own = differences.find(([start]) => what.startsWith(start))
      // A difference that is gone is one that must not stand here any more.
      if (own !== undefined) return same ? [{ what, ottla: ['as Kafka'], kafka: [] }] : []
      return same ? [] : [{ what, ottla: ottlaOnly, kafka: kafkaOnly }]
    })
    expect(differing).toEqual([])
  }, 180_000)
