/**
 * A leader that is frozen or cut off answers nothing, and its connection does not break: what was
 * sent to it would wait for the whole request timeout while another broker leads already. So a
 * producer that hears nothing asks the other brokers, and leaves the connection when the partition
 * has moved. What was sent is sent again; an idempotent producer repeats nothing by that.
 */
import type { Timer } from '../env/env.ts'
import type { Cluster } from './cluster.ts'
import type { BrokerConnection } from './connection.ts'
import { silenceMs } from './connection.ts'
import { localError } from './kafka-error.ts'

/** One that has just been found silent may be replaced at any moment. */
const againMs = silenceMs / 4

export interface SentTo {
  readonly topic: string
  readonly partition: number
}

/** To be cancelled when the request is answered. */
export function watchLeader(
  cluster: Cluster,
  connection: BrokerConnection,
  nodeId: number,
  partitions: readonly SentTo[],
): Timer {
  let over = false
  const moved = ({ topic, partition }: SentTo) => {
    const leader = cluster.metadata.partition(topic, partition)?.leader ?? -1
    return leader >= 0 && leader !== nodeId
  }
  const look = async () => {
    if (connection.silentMs >= silenceMs)
      await cluster.refresh([...new Set(partitions.map(({ topic }) => topic))]).catch(() => {})
    if (over || connection.closed || cluster.closed) return
    if (connection.silentMs >= silenceMs && partitions.some(moved))
      connection.abandon(localError('TRANSPORT', `${connection.name} is silent and leads no more`))
    else timer = cluster.env.timers.after(againMs, () => void look())
  }
  let timer = cluster.env.timers.after(silenceMs, () => void look())
  return {
    cancel: () => {
      over = true
      timer.cancel()
    },
  }
}
