/**
 * Where the coordinator of a group or a transactional id is: the leader of the partition of the
 * internal topic that the key hashes to. The topic is made when it is needed first.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { internalTopicConfigs, internalTopics } from '../../core/cluster/internal-topics.ts'
import type { Broker } from '../broker.ts'
import { GroupCoordinator } from './group-coordinator.ts'

/** Topics that are being made, by name: thousands may ask for a coordinator before there is one. */
const making = new WeakMap<Broker, Map<string, Promise<void>>>()

const groupKey = 0
const transactionKey = 1

/** An address, or an error code. */
export async function locateCoordinator(
  broker: Broker,
  keyType: number,
  key: string,
  listenerName: string,
): Promise<{ nodeId: number; host: string; port: number } | number> {
  if (keyType !== groupKey && keyType !== transactionKey) return ErrorCode.INVALID_REQUEST
  const name =
    keyType === groupKey ? internalTopics.consumerOffsets : internalTopics.transactionState
  if (!broker.image.topic(name)) await makeInternalTopic(broker, name)
  const partitions = broker.image.topic(name)?.partitions
  if (!partitions) return ErrorCode.COORDINATOR_NOT_AVAILABLE
  const { leader } = partitions[GroupCoordinator.partitionOf(key, partitions.length)]!
  const endpoint = broker.endpointsFor(listenerName).find(({ nodeId }) => nodeId === leader)
  if (!endpoint) return ErrorCode.COORDINATOR_NOT_AVAILABLE
  const { nodeId, host, port } = endpoint
  return { nodeId, host, port }
}

function makeInternalTopic(broker: Broker, name: string): Promise<void> {
  const topics = making.get(broker) ?? new Map<string, Promise<void>>()
  making.set(broker, topics)
  const under = topics.get(name)
  if (under !== undefined) return under
  const made = createInternalTopic(broker, name).finally(() => topics.delete(name))
  topics.set(name, made)
  return made
}

/** As many replicas as are configured and there are brokers: a first broker alone must do. */
async function createInternalTopic(broker: Broker, name: string): Promise<void> {
  const isOffsets = name === internalTopics.consumerOffsets
  const { config, image } = broker
  const active = [...image.brokers.keys()].filter((id) => image.isActive(id)).length
  const replicas = config.get(
    isOffsets ? 'offsets.topic.replication.factor' : 'transaction.state.log.replication.factor',
  )
  const segmentBytes = config.get(
    isOffsets ? 'offsets.topic.segment.bytes' : 'transaction.state.log.segment.bytes',
  )
  const configs = [
    ...internalTopicConfigs(name),
    { name: 'segment.bytes', value: String(segmentBytes) },
  ]
  if (!isOffsets)
    configs.push(
      {
        name: 'min.insync.replicas',
        value: String(config.get('transaction.state.log.min.isr')),
      },
      { name: 'unclean.leader.election.enable', value: 'false' },
    )
  const topic = {
    name,
    numPartitions: config.get(
      isOffsets ? 'offsets.topic.num.partitions' : 'transaction.state.log.num.partitions',
    ),
    replicationFactor: Math.max(1, Math.min(replicas, active)),
    assignments: [],
    configs,
  }
  try {
    const timeoutMs = config.get('request.timeout.ms')
    await broker.session.requests.submit(CreateTopics, { topics: [topic], timeoutMs })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    broker.env.log.warn('An internal topic could not be created', { name, reason })
  }
}
