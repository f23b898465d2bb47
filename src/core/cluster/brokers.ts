/**
 * Brokers come, become active, are fenced, drain and go; and what that does to partitions.
 *
 * A new incarnation never inherits a leadership: what the old one led gets another leader, or none,
 * in a new epoch. It starts fenced, outside every ISR, and is elected or joins again by itself.
 */
import type { ClusterRecord, RecordOf } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { UnregisterBroker } from '../../../protocol/messages/unregister-broker.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { type BrokerImage, type ClusterImage, type PartitionImage, resourceTypes } from './image.ts'
import { changePartition, type Electorate, electorate } from './partition-change.ts'

/** The boot id of brokers in metadata that was rebuilt: what their logs had was looked at then. */
export const bootOfRebuild = 'A'.repeat(22)

/** What a broker comes to be after it has registered. */
type BrokerState = 'fenced' | 'draining' | 'cordonedLogDirs' | 'usedEpoch'

export interface RegisterBroker {
  readonly broker: Omit<BrokerImage, 'kind' | 'brokerEpoch' | BrokerState>
  readonly cleanShutdown: boolean
  /**
   * Its directories are a copy, made while they were in use, or were damaged: they lack what was written, though
   * the machine has not lost power since.
   */
  readonly restored?: boolean
  readonly previousBrokerEpoch: number
  /** Records were synced to disk before they were acknowledged. */
  readonly durable: boolean
}

export interface Registered {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly brokerEpoch: number
}

/** Whether an older incarnation may still be serving is the caller's to know: it asks only after that. */
export function registerBroker(
  image: ClusterImage,
  { broker, cleanShutdown, restored = false, previousBrokerEpoch, durable }: RegisterBroker,
): Decision<Registered, ClusterRecord> {
  const old = image.brokers.get(broker.brokerId)
  const answer = (brokerEpoch: number) => ({ errorCode: 0, errorMessage: null, brokerEpoch })
  if (old?.incarnation === broker.incarnation) {
    const { brokerEpoch, fenced, draining, cordonedLogDirs, usedEpoch } = old
    const state = { fenced, draining, cordonedLogDirs, usedEpoch }
    const record: BrokerImage = { kind: 'broker', ...broker, brokerEpoch, ...state }
    // A retry whose first answer was lost, or a reconnection. Addresses may have changed.
    const changed = JSON.stringify(old) !== JSON.stringify(record)
    return { records: changed ? [record] : [], reply: answer(brokerEpoch) }
  }
  // What it has was written under metadata that is not here: lost, or restored from an old copy. Its
  // topics would look deleted, so it must not join.
  if (previousBrokerEpoch > image.lastBrokerEpoch)
    return {
      records: [],
      reply: {
        errorCode: errors.INCONSISTENT_CLUSTER_ID.code,
        errorMessage: `Broker ${broker.brokerId} was registered in epoch ${previousBrokerEpoch}, but this coordinator knows of none above ${image.lastBrokerEpoch}: its metadata was lost, or is an old copy. See ottla cluster rebuild --help`,
        brokerEpoch: -1,
      },
    }
  const unknown = notInRebuild(image, broker, previousBrokerEpoch)
  if (unknown !== undefined)
    return {
      records: [],
      reply: {
        errorCode: errors.INCONSISTENT_CLUSTER_ID.code,
        errorMessage: unknown,
        brokerEpoch: -1,
      },
    }
  const brokerEpoch = image.lastBrokerEpoch + 1
  const usedEpoch = usedEpochOf(old)
  // The directories are those of an earlier incarnation than the last that was let in: an old copy of them came back.
  // (One that has died before it heard of its epoch has not written that down.)
  const outdated = previousBrokerEpoch >= 0 && previousBrokerEpoch < usedEpoch
  // A directory is gone: what was in it is not known here, so nothing of the broker is trusted.
  const dirsLost = old?.logDirs.some((id) => !broker.logDirs.includes(id)) === true
  // What a rebuild was made from was looked at then, copy or not.
  const isKnown = old === undefined || old.bootId === bootOfRebuild
  const rebooted = broker.bootId !== old?.bootId && !cleanShutdown
  const lossy = (partition: PartitionImage): boolean =>
    outdated ||
    dirsLost ||
    (!isKnown && (restored || (rebooted && !(durable && isSynced(image, broker, partition)))))
  const record: BrokerImage = {
    kind: 'broker',
    ...broker,
    brokerEpoch,
    fenced: true,
    draining: false,
    cordonedLogDirs: [],
    usedEpoch,
  }
  const records = [record, ...withdraw(image, broker.brokerId, lossy, false)]
  return { records, reply: answer(brokerEpoch) }
}

function usedEpochOf(broker: BrokerImage | undefined): number {
  if (broker === undefined) return 0
  return broker.usedEpoch < 0 ? broker.brokerEpoch : broker.usedEpoch
}

/** Nothing that can be set while brokers run takes the syncs away that a broker's own configuration asks for. */
function isSynced(
  image: ClusterImage,
  { brokerId }: RegisterBroker['broker'],
  { topicId }: PartitionImage,
): boolean {
  const { topic, broker } = resourceTypes
  const own = image.configs(topic, image.topicById(topicId)?.name ?? '').get('flush.messages')
  if (own !== undefined) return own === '1'
  return ['', String(brokerId)].every((name) => {
    const value = image.configs(broker, name).get('log.flush.interval.messages')
    return value === undefined || value === '1'
  })
}

/**
 * Why a broker may not join metadata that was rebuilt without it: its logs would be taken for those of
 * deleted topics.
 */
function notInRebuild(
  image: ClusterImage,
  { brokerId, logDirs }: RegisterBroker['broker'],
  previousBrokerEpoch: number,
): string | undefined {
  if (previousBrokerEpoch < 0 || previousBrokerEpoch > image.rebuiltEpoch) return undefined
  const known = image.brokers.get(brokerId)
  const left = logDirs.filter((id) => !known?.logDirs.includes(id))
  if (known !== undefined && left.length === 0) return undefined
  const what = known ? `the directories ${left} of broker ${brokerId}` : `broker ${brokerId}`
  return `The metadata was rebuilt without ${what}, whose logs would be removed now: rebuild it with them too, or empty them`
}

/** The broker may lead and join from now on; partitions without a leader may find one in it. */
export function activateBroker(image: ClusterImage, brokerId: number): ClusterRecord[] {
  const broker = image.brokers.get(brokerId)
  if (broker === undefined || !(broker.fenced || broker.draining)) return []
  const records: ClusterRecord[] = [stateOf(broker, { fenced: false, draining: false })]
  for (const partition of partitionsOf(image))
    if (partition.leader === -1 && partition.replicas.includes(brokerId)) {
      const acceptable = (id: number) => id === brokerId || image.isActive(id)
      // Members that were left in sync without being there (a rebuild) join again as all others do.
      const isr = partition.isr.filter(acceptable)
      add(records, elect(image, partition, isr.length > 0 ? { isr } : {}, acceptable))
    }
  return records
}

/** Its session has ended: out of every ISR, and others lead what it led. */
export function fenceBroker(image: ClusterImage, brokerId: number): ClusterRecord[] {
  const broker = image.brokers.get(brokerId)
  if (broker === undefined || broker.fenced) return []
  return [stateOf(broker, { fenced: true, draining: false }), ...withdraw(image, brokerId)]
}

/** Controlled shutdown: as fencing, but it goes on answering until others have taken over. */
export function drainBroker(image: ClusterImage, brokerId: number): ClusterRecord[] {
  const broker = image.brokers.get(brokerId)
  if (broker === undefined || broker.draining) return []
  return [stateOf(broker, { draining: true }), ...withdraw(image, brokerId)]
}

export function unregisterBroker(
  image: ClusterImage,
  { brokerId }: RequestOf<typeof UnregisterBroker>,
): Decision<ResponseOf<typeof UnregisterBroker>, ClusterRecord> {
  if (!image.brokers.has(brokerId))
    return {
      records: [],
      reply: {
        errorCode: errors.BROKER_ID_NOT_REGISTERED.code,
        errorMessage: `Broker ID ${brokerId} is not currently registered`,
      },
    }
  const records = [...withdraw(image, brokerId), { kind: 'removeBroker', brokerId } as const]
  return { records, reply: { errorCode: 0, errorMessage: null } }
}

/**
 * Without this leader, or member of the ISR: given back by a broker that cannot go on (a failed disk). What its
 * last syncs should have written may be gone, so that it is not eligible either before it is in sync again; Kafka
 * leaves it eligible.
 */
export function relinquish(
  image: ClusterImage,
  brokerId: number,
  items: readonly { topicId: string; partition: number; leaderEpoch: number }[],
): ClusterRecord[] {
  const wanted = items.flatMap((item) => {
    const partition = image.partition(item.topicId, item.partition)
    return partition?.leaderEpoch === item.leaderEpoch ? [partition] : []
  })
  const records: ClusterRecord[] = []
  for (const partition of items.length === 0 ? partitionsOf(image) : wanted) {
    const { leader, isr, elr } = partition
    if (leader !== brokerId && !isr.includes(brokerId) && !elr.includes(brokerId)) continue
    const target = { isr: isr.filter((id) => id !== brokerId), lossy: [brokerId] }
    const others = (id: number) => id !== brokerId && image.isActive(id)
    add(records, elect(image, partition, target, others))
  }
  return records
}

/** The directories that take no new replicas, as the broker tells them (KIP-1066). */
export function cordonDirectories(
  image: ClusterImage,
  brokerId: number,
  cordonedLogDirs: readonly string[],
): ClusterRecord[] {
  const broker = image.brokers.get(brokerId)
  return broker === undefined ? [] : [stateOf(broker, { cordonedLogDirs: [...cordonedLogDirs] })]
}

function stateOf(
  { brokerId, brokerEpoch, fenced, draining, cordonedLogDirs }: BrokerImage,
  change: Partial<Pick<BrokerImage, BrokerState>>,
): RecordOf<'brokerState'> {
  const state = { fenced, draining, cordonedLogDirs, ...change }
  return { kind: 'brokerState', brokerId, brokerEpoch, ...state }
}

/**
 * `always` false leaves partitions alone that nobody leads, where nothing was lost: nothing is acknowledged there
 * meanwhile.
 */
function withdraw(
  image: ClusterImage,
  brokerId: number,
  lossy: (partition: PartitionImage) => boolean = () => false,
  always = true,
): PartitionImage[] {
  const records: PartitionImage[] = []
  const others = (id: number) => id !== brokerId && image.isActive(id)
  for (const partition of partitionsOf(image)) {
    const { isr, elr, leader } = partition
    const isLossy = lossy(partition)
    const concerned =
      leader === brokerId || isr.includes(brokerId) || (isLossy && elr.includes(brokerId))
    if (!concerned || (!always && !isLossy && leader === -1)) continue
    const target = { isr: isr.filter((id) => id !== brokerId), lossy: isLossy ? [brokerId] : [] }
    add(records, elect(image, partition, target, others))
  }
  return records
}

function elect(
  image: ClusterImage,
  partition: PartitionImage,
  target: { isr?: readonly number[]; lossy?: readonly number[] },
  acceptable: (brokerId: number) => boolean,
): PartitionImage | undefined {
  const voters: Electorate = { ...electorate(image, partition), acceptable }
  const name = image.topicById(partition.topicId)?.name ?? ''
  const election = image.uncleanLeaderElection(name) ? 'unclean' : 'online'
  return changePartition(partition, { ...target, election }, voters)
}

export function* partitionsOf(image: ClusterImage): Generator<PartitionImage> {
  for (const topic of image.topics()) yield* topic.partitions
}

function add<T>(records: T[], record: T | undefined): void {
  if (record !== undefined) records.push(record)
}
