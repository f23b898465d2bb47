/** OffsetFetch 1–10, of one group or many (O-7 to O-9). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { FetchedGroup, FetchedOffsets } from '../../core/group/command.ts'
import { clientOf, eachOrRefused, groupHandler } from '../group/group-handler.ts'
import type { RequestContext } from '../handler.ts'

type Request = RequestOf<typeof OffsetFetch>
type Response = ResponseOf<typeof OffsetFetch>
type FetchedTopic = FetchedOffsets['topics'][number]

const topLevelErrorSince = 2
const manyGroupsSince = 8
/** From here on topics are named by their id. */
const topicIdsSince = 10
const noId = 'A'.repeat(22)

export const offsetFetch = groupHandler(OffsetFetch, {
  namesPartitions: true,
  async handle(request, context) {
    if (context.apiVersion >= manyGroupsSince) {
      const groups = await eachOrRefused(
        context,
        request.groups,
        (group) => fetchGroup(group, request.requireStable, context),
        ({ groupId }, errorCode) => ({ groupId, topics: [], errorCode }),
      )
      return { groups }
    }
    const group = await fetchGroup(onlyGroup(request), request.requireStable, context)
    return { topics: named(group.topics), errorCode: group.errorCode ?? 0 }
  },
  failure(request, errorCode, _message, { apiVersion }): Response {
    if (apiVersion >= manyGroupsSince)
      return { groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })) }
    if (apiVersion >= topLevelErrorSince) return { topics: [], errorCode }
    const failed = (index: number) => ({ ...none(index, errorCode) })
    return {
      topics: (request.topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map(failed),
      })),
    }
  },
})

const none = (partitionIndex: number, errorCode: number) => ({
  partitionIndex,
  committedOffset: -1,
  committedLeaderEpoch: -1,
  metadata: '',
  errorCode,
})

function onlyGroup({ groupId, topics }: Request): FetchedGroup {
  return {
    groupId,
    memberId: null,
    memberEpoch: -1,
    topics:
      topics?.map(({ name, partitionIndexes }) => ({ name, topicId: noId, partitionIndexes })) ??
      null,
  }
}

const named = (topics: readonly FetchedTopic[]) =>
  topics.map(({ name, partitions }) => ({ name: name ?? '', partitions }))

async function fetchGroup(
  group: FetchedGroup,
  requireStable: boolean,
  context: RequestContext,
): Promise<FetchedOffsets> {
  const { groups } = context.broker
  const byId = context.apiVersion >= topicIdsSince
  const asked = group.topics?.map((topic) => {
    const found = byId ? groups.topics.byId(topic.topicId) : groups.topics.byName(topic.name)
    return { topic, found }
  })
  const topics =
    asked
      ?.filter(({ found }) => !byId || found !== undefined)
      .map(({ topic, found }) => ({
        ...topic,
        name: found?.name ?? topic.name,
        topicId: found?.topicId ?? noId,
      })) ?? null
  const request = { ...group, topics, requireStable }
  const fetched = await groups.submit('fetch', group.groupId, request, clientOf(context))
  if (!byId) return fetched
  if (asked === undefined) return { ...fetched, topics: withIds(fetched.topics, context) }
  const unknown = asked.filter(({ found }) => found === undefined).map(({ topic }) => topic)
  return {
    ...fetched,
    topics: [
      ...fetched.topics,
      ...unknown.map(({ topicId, partitionIndexes }) => ({
        topicId,
        partitions: partitionIndexes.map((index) => none(index, ErrorCode.UNKNOWN_TOPIC_ID)),
      })),
    ],
  }
}

/** All offsets of a group: topics that are gone have no id to name them by. */
function withIds(topics: readonly FetchedTopic[], { broker }: RequestContext): FetchedTopic[] {
  return topics.flatMap((topic) => {
    const found = broker.groups.topics.byName(topic.name ?? '')
    return found ? [{ ...topic, topicId: found.topicId }] : []
  })
}
