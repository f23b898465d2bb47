/**
 * What groups cost without network and disk: `npx tsx --expose-gc bench/micro/groups.ts`
 * - memory of 10,000 idle groups of one member (limit: 10 KiB each);
 * - the assignment of a consumer group of 1,000 members and 10,000 partitions, when code has never run
 *   before, and after one more member (limit: 100 ms, and 20 ms in one piece);
 * - a classic group of 1,000 members, from the last join to the last assignment (limit: 2 s);
 * - offset commits decided, encoded and applied.
 */
import { performance } from 'node:perf_hooks'
import type { ConversationKind, Conversations } from '../../src/core/group/command.ts'
import { GroupMachine } from '../../src/core/group/machine.ts'
import { encodeRecord } from '../../src/core/group/record.ts'
import { defaultSettings } from '../../src/core/group/settings.ts'
import type { GroupTopic, GroupTopics } from '../../src/core/group/topics.ts'

class Topics implements GroupTopics {
  readonly version = 1
  readonly #all: Map<string, GroupTopic>
  readonly #byId: Map<string, GroupTopic>

  constructor(count: number, partitionCount: number) {
    this.#all = new Map(
      Array.from({ length: count }, (_, i) => {
        const topicId = Buffer.alloc(16).fill(`topic ${i}`).toString('base64url')
        return [`t${i}`, { name: `t${i}`, topicId, partitionCount, racks: () => [] }]
      }),
    )
    this.#byId = new Map([...this.#all.values()].map((topic) => [topic.topicId, topic]))
  }

  byName(name: string) {
    return this.#all.get(name)
  }

  byId(topicId: string) {
    return this.#byId.get(topicId)
  }

  names() {
    return this.#all.keys()
  }
}

class Talk {
  nowMs = 1_000_000
  readonly machine: GroupMachine
  readonly #answers = new Map<number, any>()
  #lastRequestId = 0

  /** Of the last `send`: all it took, and the longest decision. */
  totalMs = 0
  longestMs = 0

  constructor(topics: GroupTopics, consumerAssignmentIntervalMs = 0) {
    const settings = { ...defaultSettings, initialRebalanceDelayMs: 0 }
    this.machine = new GroupMachine({ ...settings, consumerAssignmentIntervalMs }, topics)
    this.machine.loaded(this.nowMs)
  }

  send<K extends ConversationKind>(kind: K, request: Conversations[K]['request'], version = 9) {
    const requestId = ++this.#lastRequestId
    const entropy = Buffer.alloc(16)
    entropy.writeUInt32BE(requestId)
    this.totalMs = 0
    this.longestMs = 0
    const who = { apiVersion: version, clientId: 'client', clientHost: '/127.0.0.1' }
    this.#run({ kind, caller: { requestId, entropy, ...who }, request } as any)
    while (this.machine.nextDeadlineMs() <= this.nowMs) this.#run({ kind: 'tick' })
    return requestId
  }

  #run(command: Parameters<GroupMachine['decide']>[0]): void {
    const start = performance.now()
    const decision = this.machine.decide(command, this.nowMs)
    for (const record of decision.records) {
      decision.encoded.get(record) ?? encodeRecord(record)
      this.machine.apply(record, { offset: 0, producerId: -1 })
    }
    this.machine.settle(decision)
    for (const reply of decision.replies) this.#answers.set(reply.requestId, reply)
    const tookMs = performance.now() - start
    this.totalMs += tookMs
    this.longestMs = Math.max(this.longestMs, tookMs)
  }

  take(requestId: number): any {
    const reply = this.#answers.get(requestId)
    this.#answers.delete(requestId)
    return reply?.response
  }
}

const join = (groupId: string, memberId: string, metadata: Buffer) => ({
  groupId,
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 300_000,
  memberId,
  groupInstanceId: null,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata }],
  reason: null,
})
const sync = (groupId: string, memberId: string, generationId: number, given: string[]) => ({
  groupId,
  generationId,
  memberId,
  groupInstanceId: null,
  protocolType: null,
  protocolName: null,
  assignments: given.map((memberId) => ({ memberId, assignment: Buffer.alloc(40) })),
})
const heartbeat = (memberId: string, topics: string[] | null, memberEpoch = 0) => ({
  groupId: 'g',
  memberId,
  memberEpoch,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: topics ? 300_000 : -1,
  subscribedTopicNames: topics,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: topics ? [] : null,
})

function idleGroups(): number {
  const count = 10_000
  const talk = new Talk(new Topics(1, 1))
  global.gc?.()
  const before = process.memoryUsage().heapUsed + process.memoryUsage().external
  for (let i = 0; i < count; i++) {
    const group = `group-${i}`
    const { memberId } = talk.take(talk.send('join', join(group, '', Buffer.alloc(60)), 3))
    talk.take(talk.send('sync', sync(group, memberId, 1, [memberId])))
  }
  global.gc?.()
  const after = process.memoryUsage().heapUsed + process.memoryUsage().external
  if (talk.machine.groupIds().length !== count) throw new Error('Groups are missing')
  return (after - before) / count / 1024
}

/** A thousand members have joined, and then one of them asks: nobody had a target until now. */
function firstAssignment(topics: number, partitions: number) {
  const all = new Topics(topics, partitions)
  const talk = new Talk(all, 1_000)
  const names = [...all.names()]
  for (let i = 0; i < 1_000; i++)
    talk.take(talk.send('consumerHeartbeat', heartbeat(`member-${i}`, names), 1))
  talk.nowMs += 2_000
  const { memberEpoch } = talk.machine.state.consumerGroup('g')!.members.get('member-500')!
  talk.take(talk.send('consumerHeartbeat', heartbeat('member-500', null, memberEpoch), 1))
  return { totalMs: talk.totalMs, longestPieceMs: talk.longestMs }
}

function consumerAssignment(topics: number, partitions: number) {
  const all = new Topics(topics, partitions)
  const talk = new Talk(all)
  const names = [...all.names()]
  const took: number[] = []
  for (let i = 0; i <= 1_000; i++) {
    const start = performance.now()
    talk.take(talk.send('consumerHeartbeat', heartbeat(`member-${i}`, names), 1))
    took.push(performance.now() - start)
  }
  const last = took.slice(-100).sort((a, b) => a - b)
  return { medianMs: last[50]!, maxMs: last.at(-1)! }
}

function classicRebalance(): number {
  const talk = new Talk(new Topics(1, 1))
  const metadata = Buffer.alloc(100)
  const { memberId: leader } = talk.take(talk.send('join', join('g', '', metadata), 3))
  const joins = Array.from({ length: 999 }, () => talk.send('join', join('g', '', metadata), 3))
  const start = performance.now()
  const { generationId, members } = talk.take(talk.send('join', join('g', leader, metadata)))
  const ids = joins.map((requestId) => talk.take(requestId).memberId as string)
  const waits = ids.map((id) => talk.send('sync', sync('g', id, generationId, [])))
  const given = members.map(({ memberId }: { memberId: string }) => memberId)
  talk.send('sync', sync('g', leader, generationId, given))
  for (const requestId of waits) talk.take(requestId).assignment.toString()
  return performance.now() - start
}

function commits(): number {
  const talk = new Talk(new Topics(1, 1))
  const count = 200_000
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const partition = {
      partitionIndex: i % 100,
      committedOffset: i,
      committedLeaderEpoch: -1,
      committedMetadata: '',
    }
    const topic = { name: 't0', topicId: 'A'.repeat(22), partitions: [partition] }
    const request = {
      groupId: `g${i % 1_000}`,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [topic],
    }
    talk.take(talk.send('commit', request))
  }
  return (count / (performance.now() - start)) * 1000
}

const figures = {
  firstAssignment1000x10000: firstAssignment(100, 100),
  firstAssignment1000x1topic: firstAssignment(1, 10_000),
  idleGroupKiB: idleGroups(),
  classicRebalance1000Ms: classicRebalance(),
  assignment1000x10000: consumerAssignment(100, 100),
  assignment1000x1topic: consumerAssignment(1, 10_000),
  commitsPerSecond: commits(),
}
console.log(JSON.stringify(figures, null, 2))
