/**
 * What the members of a classic group of type `consumer` tell each other: opaque to the broker's
 * group coordinator.
 */
import { array, bytes, int32, message, string } from '../schema.ts'

export const ConsumerProtocolSubscription = message('ConsumerProtocolSubscription', {
  versions: [0, 3],
  fields: {
    topics: array(string),
    userData: bytes.nullable().default(null),
    ownedPartitions: array({ topic: string, partitions: array(int32) }).since(1),
    generationId: int32.default(-1).since(2),
    rackId: string.nullable().default(null).since(3),
  },
})

export const ConsumerProtocolAssignment = message('ConsumerProtocolAssignment', {
  versions: [0, 3],
  fields: {
    assignedPartitions: array({ topic: string, partitions: array(int32) }),
    userData: bytes.nullable().default(null),
  },
})
