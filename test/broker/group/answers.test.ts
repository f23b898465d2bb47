/**
 * Holds the conversations that were held with a real Kafka 4.3.1 about groups, and compares every
 * answer. `data/answers.jsonl.gz` has those of its lines that are about groups, in their order.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { apis } from '../../../protocol/apis.ts'
import { Reader, Writer } from '../../../protocol/bytes.ts'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { GroupCoordinator } from '../../../src/broker/group/group-coordinator.ts'
import { consumerGroupDescribe } from '../../../src/broker/handlers/consumer-group-describe.ts'
import { consumerGroupHeartbeat } from '../../../src/broker/handlers/consumer-group-heartbeat.ts'
import { deleteGroups } from '../../../src/broker/handlers/delete-groups.ts'
import { describeGroups } from '../../../src/broker/handlers/describe-groups.ts'
import { heartbeat } from '../../../src/broker/handlers/heartbeat.ts'
import { joinGroup } from '../../../src/broker/handlers/join-group.ts'
import { leaveGroup } from '../../../src/broker/handlers/leave-group.ts'
import { listGroups } from '../../../src/broker/handlers/list-groups.ts'
import { offsetCommit } from '../../../src/broker/handlers/offset-commit.ts'
import { offsetDelete } from '../../../src/broker/handlers/offset-delete.ts'
import { offsetFetch } from '../../../src/broker/handlers/offset-fetch.ts'
import { syncGroup } from '../../../src/broker/handlers/sync-group.ts'
import { Traffic } from '../../../src/broker/traffic.ts'
import { defaultSettings } from '../../../src/core/group/settings.ts'
import { SomeTopics } from '../../core/group/some-topics.ts'
import { fromJson } from '../../protocol/vectors.ts'
import { ManualEnv } from './manual-env.ts'
import { MemoryJournal } from './memory-journal.ts'

const lines = gunzipSync(readFileSync(join(import.meta.dirname, 'data/answers.jsonl.gz')))
  .toString()
  .split('\n')
  .map((line) => JSON.parse(line))

const handlers = new Map(
  [
    joinGroup,
    syncGroup,
    heartbeat,
    leaveGroup,
    offsetCommit,
    offsetFetch,
    offsetDelete,
    describeGroups,
    consumerGroupDescribe,
    listGroups,
    deleteGroups,
    consumerGroupHeartbeat,
  ].map((handler) => [handler.api.name, handler]),
)

/** Order says nothing in these. */
const sortKeys = ['groupId', 'memberId', 'partitionIndex', 'name', 'topicId']
/** Answers in the form in which the recorded ones are: bytes as base64, defaults filled in. */
function normal(value: any): any {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) {
    const items = value.map(normal)
    const key = sortKeys.find((name) => items[0]?.[name] !== undefined)
    if (key === undefined) return typeof items[0] === 'number' ? items.sort((a, b) => a - b) : items
    return items.sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1))
  }
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([name]) => name !== 'errorMessage')
  return Object.fromEntries(entries.map(([name, inner]) => [name, normal(inner)]))
}

test('groups answer as Kafka did', async () => {
  const time = new ManualEnv()
  const one = { name: 'one', topicId: '9iR5RsO6QaaZLefVSzGtBQ', partitionCount: 2 }
  const groups = new GroupCoordinator({
    env: time.env,
    settings: { ...defaultSettings, initialRebalanceDelayMs: 0 },
    expiryIntervalMs: 600_000,
    topics: new SomeTopics([one]),
    servesConsumerProtocol: true,
    partitionCount: () => 4,
  })
  for (let partition = 0; partition < 4; partition++) groups.lead(partition, 0, new MemoryJournal())
  await time.advance(1)
  const traffic = new Traffic(new BrokerConfig([], { hostName: 'here' }))
  const broker = { env: time.env, groups, traffic }
  /** Ids that Kafka made to those that we made. */
  const ids = new Map<string, string>()
  const ours = (json: unknown) =>
    JSON.parse(
      [...ids].reduce((text, [from, to]) => text.replaceAll(from, to), JSON.stringify(json)),
    )
  const differing: unknown[] = []
  let joined: any
  /** What happened between the recorded questions. */
  const unrecorded = async (what: string) => {
    const { memberId, generationId } = joined ?? {}
    const context = {
      broker,
      apiVersion: 5,
      clientId: 'golden',
      clientHost: '',
    }
    if (what === 'JoinGroup v9, static member restarts') {
      const sync = {
        groupId: 'g4',
        generationId,
        memberId,
        groupInstanceId: 'inst',
        protocolType: 'consumer',
        protocolName: 'range',
        assignments: [{ memberId, assignment: Buffer.from('AAEC', 'base64') }],
      }
      await (syncGroup as any).handle(sync, context)
    } else if (what.startsWith('JoinGroup v9, static member, no member id')) {
      const members = [{ memberId, groupInstanceId: null, reason: null }]
      await (leaveGroup as any).handle({ groupId: 'g3', memberId: '', members }, context)
    } else if (what.endsWith('2.5 s later: the second asks')) {
      await time.advance(2500)
    }
  }
  for (const { what, api, version, request, decoded, ms } of lines) {
    const handler = handlers.get(api) as any
    const fields = apis.find(({ name }) => name === api)!.messages.request.fields
    const context = {
      broker,
      apiVersion: version,
      correlationId: 1,
      clientId: 'golden',
      clientHost: '127.0.0.1',
      listenerName: 'PLAINTEXT',
    }
    const given = request.memberId
    if (api === 'JoinGroup' && /^golden-/.test(given) && !ids.has(given)) {
      // The join that made the id was not recorded.
      const first = fromJson(fields as any, { ...request, memberId: '' })
      ids.set(given, (await handler.handle(first, context)).memberId)
    }
    await unrecorded(what)
    let answer: any
    const asked = Promise.resolve(
      answerOf(handler, fromJson(fields as any, ours(request)) as any, context),
    ).then((value) => {
      answer = value
    })
    await time.advance(ms)
    await Promise.race([asked, time.advance(30_000 * Number(answer === undefined))])
    if (api === 'JoinGroup') joined = answer
    const made = decoded.memberId
    if (typeof made === 'string' && answer?.memberId && made !== answer.memberId)
      if (/^golden-|^inst|^[\w-]{22}$/.test(made)) ids.set(made, answer.memberId)
    const codec = handler.api.response(version)
    const got = normal(roundTrip(codec, answer))
    const wanted = normal(fromJson(responseFields(api) as any, ours(decoded)))
    if (JSON.stringify(got) !== JSON.stringify(wanted)) differing.push({ what, got, wanted })
  }
  expect(lines.length).toBe(122)
  expect(differing).toEqual([])
})

const responseFields = (api: string) =>
  apis.find(({ name }) => name === api)!.messages.response.fields

/** Commits answer by callback, everything else by promise. */
const answerOf = (handler: any, request: any, context: any) =>
  'begin' in handler
    ? new Promise((resolve) => handler.begin(request, context, resolve))
    : handler.handle(request, context)

function roundTrip(codec: any, answer: unknown): unknown {
  const frame = new Writer()
  codec.write(frame, answer)
  return codec.read(new Reader(frame.finish()))
}
