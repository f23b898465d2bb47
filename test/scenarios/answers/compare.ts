/**
 * What counts in an answer. Error codes at all levels, the shape, names, offsets, epochs: all of it,
 * apart from what is the run's or the broker's own by its nature. Those fields stand here.
 */
import type { Outcome } from './replay.ts'

/** Not compared. */
const freeFields = new Set([
  // Where and what the broker is.
  ...['host', 'port', 'clusterId', 'logDir', 'totalBytes', 'usableBytes', 'clientHost'],
  // Text for people.
  ...['errorMessage', 'documentation', 'error'],
  // Clocks.
  ...['logAppendTimeMs', 'startTimestamp', 'lastTimestamp', 'transactionStartTimeMs'],
  ...['lastFetchTimestamp', 'lastCaughtUpTimestamp', 'nextSequenceTimestamp', 'throttleTimeMs'],
  // Random ones.
  ...['clientInstanceId', 'subscriptionId', 'replicaDirectoryId'],
  // What features there are is another test's matter.
  ...['supportedFeatures', 'finalizedFeatures', 'finalizedFeaturesEpoch'],
])

/** Fields that are free in one API only. */
const freeIn: Record<string, ReadonlySet<string>> = {
  // How long the journal of the metadata is.
  DescribeQuorum: new Set(['highWatermark', 'logEndOffset', 'leaderEpoch']),
  DescribeLogDirs: new Set(['partitionSize']),
}

/**
 * An answer in a form that two runs can be compared in. Of the recorded ApiVersions only what `ours`
 * advertises counts: it says less as long as Ottla has less.
 */
export function comparable(api = '', outcome: Outcome, ours: Outcome = outcome): unknown {
  if (outcome.kind !== 'answered') return outcome.kind
  if (typeof outcome.body === 'string') return outcome.body
  if (api !== 'ApiVersions' || ours.kind !== 'answered') return walk(api, '', outcome.body)
  const advertised = new Set(ours.body.apiKeys.map((one: any) => one.apiKey))
  const apiKeys = outcome.body.apiKeys.filter((one: any) => advertised.has(one.apiKey))
  return walk(api, '', { ...outcome.body, apiKeys })
}

function walk(api: string, name: string, value: unknown): unknown {
  if (freeFields.has(name) || freeIn[api]?.has(name)) return 'free'
  if (Buffer.isBuffer(value)) return name === 'records' ? batches(value) : value.toString('hex')
  if (Array.isArray(value)) return value.map((item) => walk(api, name, item)).sort(byKey)
  // Where the broker listens, in its configurations.
  if (typeof value === 'string') return value.replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, walk(api, key, v)]))
}

/** Arrays whose order says nothing: those of things with a name. */
function byKey(a: any, b: any): number {
  const key = (item: any) =>
    item?.memberId ??
    item?.name ??
    item?.topic ??
    item?.topicName ??
    item?.groupId ??
    item?.transactionalId
  const [x, y] = [key(a), key(b)]
  return typeof x === 'string' && typeof y === 'string' ? (x < y ? -1 : x > y ? 1 : 0) : 0
}

/** The batches of a Fetch: their headers without clocks and checksums, and the bytes of the records. */
function batches(bytes: Buffer): unknown[] {
  const found: unknown[] = []
  let at = 0
  while (at + 61 <= bytes.length) {
    const size = bytes.readInt32BE(at + 8) + 12
    if (at + size > bytes.length) break
    found.push({
      baseOffset: Number(bytes.readBigInt64BE(at)),
      magic: bytes[at + 16],
      attributes: bytes.readInt16BE(at + 21),
      lastOffsetDelta: bytes.readInt32BE(at + 23),
      producerId: Number(bytes.readBigInt64BE(at + 43)),
      producerEpoch: bytes.readInt16BE(at + 51),
      baseSequence: bytes.readInt32BE(at + 53),
      records: bytes.toString('hex', at + 57, at + size),
    })
    at += size
  }
  if (at < bytes.length) found.push({ partOfABatchBytes: bytes.length - at })
  return found
}
