import type { RecordOf } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { AllocateProducerIds } from '../../../protocol/messages/allocate-producer-ids.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import type { ClusterImage } from './image.ts'

/** Ids that a broker gets at one time (Kafka's number); those it does not use are lost. */
export const producerIdBlock = 1000

export function allocateProducerIds(
  image: ClusterImage,
  { brokerId, brokerEpoch }: RequestOf<typeof AllocateProducerIds>,
): Decision<ResponseOf<typeof AllocateProducerIds>, RecordOf<'producerIds'>> {
  if (image.brokers.get(brokerId)?.brokerEpoch !== brokerEpoch)
    return {
      records: [],
      reply: { errorCode: errors.STALE_BROKER_EPOCH.code, producerIdStart: 0, producerIdLen: 0 },
    }
  const producerIdStart = image.nextProducerId
  const nextProducerId = producerIdStart + producerIdBlock
  return {
    records: [{ kind: 'producerIds', brokerId, brokerEpoch, nextProducerId }],
    reply: { errorCode: 0, producerIdStart, producerIdLen: producerIdBlock },
  }
}
