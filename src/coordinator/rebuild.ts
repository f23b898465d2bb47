/**
 * Metadata made anew from what the data directories of all brokers tell, when the coordinator's is lost.
 *
 * The replica whose log is the longest, by the leader epoch of its last record and then by its end, has
 * everything that was acknowledged by all in sync, and so have those that end at the same place: they are
 * in sync, and nobody else. All epochs begin far above any that was found, as some that were given out
 * have left no trace. What lies in no log cannot be rebuilt: configurations, quotas, users.
 */
import type { ClusterRecord } from '../../protocol/coordinator/record.ts'
import { bootOfRebuild } from '../core/cluster/brokers.ts'
import { ClusterImage, type PartitionImage, resourceTypes } from '../core/cluster/image.ts'
import { internalTopicConfigs, isInternalTopic } from '../core/cluster/internal-topics.ts'
import { compareLogEnds } from '../core/cluster/log-ends.ts'
import { DirectoryError } from '../log/meta-properties.ts'
import type { SurveyedDirectory, SurveyedLog } from '../log/survey.ts'
import { initialRecords } from './setup.ts'

/** Leaders are elected without a record in any log; each replica remembers some of the elections. */
const leaderEpochMargin = 1000
const brokerEpochMargin = 1000
/** Blocks of them are given out before anything is written with them. */
const producerIdMargin = 1_000_000_000

export interface RebuildOptions {
  readonly features: Readonly<Record<string, number>>
  /** Make partitions of which no replica was found anew, and empty. */
  readonly acceptLost?: boolean
}

export interface RebuiltTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly PartitionImage[]
  /** Numbers of those of which nothing was found. */
  readonly lost: readonly number[]
}

export interface Rebuilt {
  readonly clusterId: string
  readonly brokers: readonly { brokerId: number; brokerEpoch: number; directories: number }[]
  readonly topics: readonly RebuiltTopic[]
  readonly records: readonly ClusterRecord[]
}

interface Replica extends SurveyedLog {
  readonly brokerId: number
}

/** Throws DirectoryError, with one sentence, when the directories do not make one cluster. */
export function rebuild(
  directories: readonly SurveyedDirectory[],
  options: RebuildOptions,
): Rebuilt {
  const clusterId = oneCluster(directories)
  const brokers = brokersOf(directories)
  const topics = topicsOf(directories, options.acceptLost === true)
  const epochs = directories.map(({ brokerEpoch }) => brokerEpoch)
  const producerIds = directories.flatMap(({ logs }) => logs.map((log) => log.producerIdMax))
  const rebuiltEpoch = max(epochs) + brokerEpochMargin
  const { features } = options
  const records: ClusterRecord[] = [
    ...initialRecords(new ClusterImage(), { clusterId, features, staticConfigs: {}, leaseMs: 0 }),
    {
      kind: 'counters',
      lastBrokerEpoch: rebuiltEpoch,
      nextProducerId: max(producerIds) + producerIdMargin,
      rebuiltEpoch,
    },
    ...brokers.map(({ brokerId, brokerEpoch, ids }) => brokerRecord(brokerId, brokerEpoch, ids)),
    ...topics.flatMap((topic) => recordsOf(topic)),
  ]
  return {
    clusterId,
    brokers: brokers.map(({ ids, ...rest }) => ({ ...rest, directories: ids.length })),
    topics,
    records,
  }
}

/** The client's `groupBy` is beside this layer, not below it. */
function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) groups.get(keyOf(item))?.push(item) ?? groups.set(keyOf(item), [item])
  return groups
}

const max = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b), 0)

function oneCluster(directories: readonly SurveyedDirectory[]): string {
  const [first] = directories
  if (first === undefined) throw new DirectoryError('No data directory of a broker is given')
  const other = directories.find(({ clusterId }) => clusterId !== first.clusterId)
  if (other !== undefined)
    throw new DirectoryError(
      `${first.path} belongs to cluster ${first.clusterId}, ${other.path} to ${other.clusterId}`,
    )
  const seen = new Map<string, string>()
  for (const { path, directoryId } of directories) {
    const before = seen.get(directoryId)
    if (before !== undefined)
      throw new DirectoryError(`${before} and ${path} are the same directory, or copies of it`)
    seen.set(directoryId, path)
  }
  return first.clusterId
}

function brokersOf(directories: readonly SurveyedDirectory[]) {
  const byId = groupBy(directories, ({ nodeId }) => nodeId)
  return [...byId]
    .sort(([a], [b]) => a - b)
    .map(([brokerId, own]) => ({
      brokerId,
      // The oldest: with it the broker comes back as the one that was looked at here.
      brokerEpoch: Math.max(0, Math.min(...own.map(({ brokerEpoch }) => brokerEpoch))),
      ids: own.map(({ directoryId }) => directoryId),
    }))
}

function topicsOf(directories: readonly SurveyedDirectory[], acceptLost: boolean): RebuiltTopic[] {
  const replicas = directories.flatMap(({ nodeId, logs }) =>
    logs.map((log): Replica => ({ ...log, brokerId: nodeId })),
  )
  const byName = groupBy(replicas, ({ topic }) => topic)
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, found]) => topicOf(name, found, acceptLost))
}

function topicOf(name: string, found: readonly Replica[], acceptLost: boolean): RebuiltTopic {
  const first = found[0]!
  const { topicId } = first
  const other = found.find((replica) => replica.topicId !== topicId)
  if (other !== undefined)
    throw new DirectoryError(
      `${first.path} is of the topic with the id ${topicId}, ${other.path} of one with the same name and the id ${other.topicId}: one of them was deleted. Move the directories of that one away`,
    )
  const byPartition = groupBy(found, ({ partition }) => partition)
  const count = max([...byPartition.keys()]) + 1
  const numbers = Array.from({ length: count }, (_, partition) => partition)
  const lost = numbers.filter((partition) => !byPartition.has(partition))
  if (lost.length > 0 && !acceptLost)
    throw new DirectoryError(
      `Of ${name} there are partitions up to ${count - 1}, but no replica of ${lost}: the directories of a broker are missing. With --accept-lost they are made anew, and empty`,
    )
  const partitions = numbers.map((partition) =>
    partitionOf(topicId, partition, byPartition.get(partition) ?? [], found),
  )
  return { name, topicId, partitions, lost }
}

function partitionOf(
  topicId: string,
  partition: number,
  found: readonly Replica[],
  ofTopic: readonly Replica[],
): PartitionImage {
  const twice = found.find((a, i) => found.findIndex((b) => b.brokerId === a.brokerId) !== i)
  if (twice !== undefined)
    throw new DirectoryError(`Broker ${twice.brokerId} has ${twice.path} in another directory too`)
  const isLongest = (replica: Replica) =>
    found.every((other) => compareLogEnds(other, replica) <= 0)
  const ids = (replicas: readonly Replica[]) =>
    [...new Set(replicas.map(({ brokerId }) => brokerId))].sort((a, b) => a - b)
  const longest = ids(found.filter(isLongest))
  const rest = ids(found).filter((id) => !longest.includes(id))
  // Nobody knows any more who was preferred: the leaderships are spread.
  const turn = longest.length === 0 ? 0 : partition % longest.length
  const isr = [...longest.slice(turn), ...longest.slice(0, turn)]
  const elsewhere = ids(ofTopic)
  return {
    kind: 'partition',
    topicId,
    partition,
    replicas: found.length > 0 ? [...isr, ...rest] : elsewhere,
    isr: found.length > 0 ? isr : elsewhere,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: -1,
    leaderEpoch: max(ofTopic.map(({ epochMax }) => epochMax)) + leaderEpochMargin,
    leaderBrokerEpoch: 0,
    partitionEpoch: 0,
    unclean: false,
    uncleanEpoch: -1,
  }
}

function brokerRecord(
  brokerId: number,
  brokerEpoch: number,
  logDirs: readonly string[],
): ClusterRecord {
  return {
    kind: 'broker',
    brokerId,
    brokerEpoch,
    incarnation: bootOfRebuild,
    rack: null,
    listeners: [],
    features: [],
    logDirs: [...logDirs],
    bootId: bootOfRebuild,
    local: false,
    fenced: true,
    draining: false,
    cordonedLogDirs: [],
    usedEpoch: brokerEpoch,
  }
}

const keepsEverything = ['retention.ms', 'retention.bytes'].map((name) => ({ name, value: '-1' }))

/** What the state of groups and transactions needs; of other topics nothing is removed before it is allowed anew. */
function recordsOf({ name, topicId, partitions }: RebuiltTopic): ClusterRecord[] {
  const resource = {
    kind: 'config',
    resourceType: resourceTypes.topic,
    resourceName: name,
  } as const
  const configs = isInternalTopic(name) ? internalTopicConfigs(name) : keepsEverything
  return [
    { kind: 'topic', topicId, name },
    ...partitions,
    ...configs.map((config) => ({ ...resource, ...config })),
  ]
}
