/**
 * S7 for replicas: what a follower asked in one leader epoch is not answered in another (LEASES §4.3). With
 * an epoch that is not the leader's the end that it tells may be of a log that it has no more.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import type { SimCluster } from './cluster.ts'
import type { Asked, TapListener } from './tap.ts'
import type { World } from './world.ts'

export class Fencing implements TapListener {
  readonly #world: World
  readonly #cluster: SimCluster
  /** By connection and partition: a session tells an epoch once (KIP-227). */
  readonly #epochs = new Map<string, number>()

  constructor(world: World, cluster: SimCluster) {
    this.#world = world
    this.#cluster = cluster
  }

  asked({ api, request, connection, from }: Asked): void {
    if (api !== Fetch || !from.startsWith('b')) return
    for (const { topicId, partitions } of request.topics)
      for (const { partition, currentLeaderEpoch } of partitions)
        this.#epochs.set(`${connection}/${topicId}/${partition}`, currentLeaderEpoch)
  }

  answered({ api, connection, from, to }: Asked, response: any): void {
    if (api !== Fetch || !from.startsWith('b')) return
    const { broker } = this.#cluster.member(to)
    for (const { topicId, partitions } of response.responses)
      for (const { partitionIndex, errorCode } of partitions) {
        if (errorCode !== ErrorCode.NONE) continue
        const name = broker?.image.topicById(topicId)?.name ?? ''
        const partition = broker?.partitions.get(name, partitionIndex)
        const asked = this.#epochs.get(`${connection}/${topicId}/${partitionIndex}`)
        if (partition === undefined || asked === partition.leaderEpoch) continue
        this.#world.fail(
          `S7: ${to} answers ${from} in epoch ${partition.leaderEpoch} of ${name}-${partitionIndex} what was asked in epoch ${asked}`,
        )
      }
  }
}
