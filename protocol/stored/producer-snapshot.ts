/** The producers that a partition remembers, as the body of a `.snapshot` file. */
import { array, int16, int32, int64, message, uint32 } from '../schema.ts'

const producerEntry = {
  producerId: int64,
  epoch: int16,
  lastSequence: int32,
  lastOffset: int64,
  offsetDelta: int32,
  timestamp: int64,
  coordinatorEpoch: int32,
  currentTxnFirstOffset: int64,
}

export const ProducerSnapshot = message('ProducerSnapshot', {
  versions: [1, 1],
  fields: {
    crc: uint32,
    producerEntries: array(producerEntry),
  },
})
