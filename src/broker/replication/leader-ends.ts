/** Where a leader's log begins and ends: asked when a follower's offset lies outside it. */
import { ListOffsets } from '../../../protocol/messages/list-offsets.ts'
import type { BrokerConnection } from '../../client/connection.ts'
import type { Partition } from '../partition.ts'

const latest = -1
const earliest = -2

export interface LeaderEnds {
  readonly start: number
  readonly end: number
}

export async function findEnds(
  connection: BrokerConnection,
  { topic, index }: Partition,
  currentLeaderEpoch: number,
  replicaId: number,
): Promise<LeaderEnds> {
  const ask = async (timestamp: number): Promise<number> => {
    const answer = await connection.send(ListOffsets, {
      replicaId,
      isolationLevel: 0,
      topics: [
        { name: topic, partitions: [{ partitionIndex: index, currentLeaderEpoch, timestamp }] },
      ],
    })
    const found = answer.topics[0]?.partitions[0]
    if (found === undefined || found.errorCode !== 0)
      throw new Error(`The leader did not tell its offsets: error ${found?.errorCode}`)
    return found.offset
  }
  return { start: await ask(earliest), end: await ask(latest) }
}
