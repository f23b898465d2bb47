/** ListOffsets 1–11: the offset of a timestamp or of a named place (rules L-1 to L-6). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { ListOffsets } from '../../../protocol/messages/list-offsets.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import { repeated } from '../../core/repeated.ts'
import type { Log } from '../../log/log.ts'
import { handler, type RequestContext } from '../handler.ts'
import { TimeSlice } from '../time-slice.ts'

type Asked = RequestOf<typeof ListOffsets>['topics'][number]['partitions'][number]
type Answered = ResponseOf<typeof ListOffsets>['topics'][number]['partitions'][number]

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6
/** The first version that knows each named place. */
const sinceVersion = new Map([
  [latest, 1],
  [earliest, 1],
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
])
const debugReplica = -2
const readCommitted = 1

export const listOffsets = handler(ListOffsets, {
  namesPartitions: true,
  async handle(request, context) {
    const slice = new TimeSlice(context.broker.env)
    const topics: { name: string; partitions: Answered[] }[] = []
    for (const { name, partitions } of request.topics) {
      const again = askedAgain(partitions)
      const refused = new Set<number>()
      const answers: Answered[] = []
      for (const asked of partitions) {
        if (slice.isOver) await slice.next()
        const { partitionIndex } = asked
        if (!again.has(partitionIndex)) {
          const answer = lookUp(request, name, asked, context)
          answers.push(answer instanceof Promise ? await answer : answer)
        } else if (!refused.has(partitionIndex)) {
          refused.add(partitionIndex)
          answers.push(failed(asked, ErrorCode.INVALID_REQUEST))
        }
      }
      topics.push({ name, partitions: answers })
    }
    for (const topic of topics) recheck(request, topic, context)
    return { topics }
  },
  failure: (request, errorCode) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((asked) => failed(asked, errorCode)),
    })),
  }),
})

const none: ReadonlySet<number> = new Set()

/** Partitions that stand in the list more than once. Of one that ascends, as clients send them, nothing need be remembered. */
function askedAgain(partitions: readonly Asked[]): ReadonlySet<number> {
  const ascends = partitions.every(
    ({ partitionIndex }, i) => i === 0 || partitionIndex > partitions[i - 1]!.partitionIndex,
  )
  return ascends ? none : repeated(partitions.map(({ partitionIndex }) => partitionIndex))
}

function failed({ partitionIndex }: Asked, errorCode: number): Answered {
  return { partitionIndex, errorCode }
}

/** What was read while it led must not leave when it does not lead any more. */
function recheck(
  { replicaId }: RequestOf<typeof ListOffsets>,
  { name, partitions }: { name: string; partitions: Answered[] },
  { broker }: RequestContext,
): void {
  if (replicaId === debugReplica) return
  for (const [at, { partitionIndex, errorCode }] of partitions.entries()) {
    if (errorCode !== ErrorCode.NONE) continue
    const partition = broker.partitions.find(name, partitionIndex)
    if (typeof partition === 'number' || !partition.mayAnswer())
      partitions[at] = { partitionIndex, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }
  }
}

/** At once where nothing has to be read: some clients ask for thousands of ends at a time. */
function lookUp(
  request: RequestOf<typeof ListOffsets>,
  topic: string,
  asked: Asked,
  { broker, apiVersion }: RequestContext,
): Answered | Promise<Answered> {
  const { timestamp, currentLeaderEpoch, partitionIndex } = asked
  if (timestamp < 0 && apiVersion < (sinceVersion.get(timestamp) ?? Infinity))
    return failed(asked, ErrorCode.UNSUPPORTED_VERSION)
  const partition = broker.partitions.find(topic, partitionIndex)
  if (typeof partition === 'number') return failed(asked, partition)
  const leaderError = partition.leaderError(currentLeaderEpoch)
  const readable = request.replicaId === debugReplica && partition.log !== undefined
  if (leaderError !== ErrorCode.NONE && !readable) return failed(asked, leaderError)
  // Followers are told: a high watermark that is not known yet waits for them.
  const isLimited = request.replicaId < 0 && timestamp !== earliest && timestamp !== earliestLocal
  if (isLimited && !partition.highWatermarkKnown)
    return failed(
      asked,
      apiVersion >= 5 ? ErrorCode.OFFSET_NOT_AVAILABLE : ErrorCode.LEADER_NOT_AVAILABLE,
    )
  const log = partition.log as Log
  const end = () => {
    if (request.replicaId >= 0) return log.logEndOffset
    return request.isolationLevel === readCommitted ? log.lastStableOffset : log.highWatermark
  }
  const answer = ({ timestamp, offset, leaderEpoch }: Found): Answered => {
    if (!readable && !partition.mayAnswer()) return failed(asked, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    return { partitionIndex, errorCode: ErrorCode.NONE, timestamp, offset, leaderEpoch }
  }
  const named = findNamed(log, timestamp, end, partition.leaderEpoch)
  return named === undefined ? search(log, timestamp, end).then(answer) : answer(named)
}

interface Found {
  timestamp: number
  offset: number
  leaderEpoch: number
}

const nothing: Found = { timestamp: -1, offset: -1, leaderEpoch: -1 }

/** A place that is known without reading; `undefined` for one that is to be searched. */
function findNamed(
  log: Log,
  asked: number,
  end: () => number,
  leaderEpoch: number,
): Found | undefined {
  if (asked === latest) return { timestamp: -1, offset: end(), leaderEpoch }
  if (asked === earliest || asked === earliestLocal) {
    const offset = log.logStartOffset
    return { timestamp: -1, offset, leaderEpoch: log.leaderEpochs.epochAt(offset) ?? -1 }
  }
  return asked === latestTiered || asked === earliestPendingUpload ? nothing : undefined
}

/** What lies at or beyond `end` is not found (L-2). */
async function search(log: Log, asked: number, end: () => number): Promise<Found> {
  const found = await (asked === maxTimestamp
    ? log.offsetOfMaxTimestamp()
    : log.offsetForTimestamp(asked))
  if (found === undefined || found.offset >= end() || found.offset < log.logStartOffset)
    return nothing
  return { ...found, leaderEpoch: log.leaderEpochs.epochAt(found.offset) ?? -1 }
}
