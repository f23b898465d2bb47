/** What brokers tell about themselves: cluster, versions, features, quorum, log directories. */
import { ApiVersions } from '../../../protocol/messages/api-versions.ts'
import { DescribeCluster } from '../../../protocol/messages/describe-cluster.ts'
import { DescribeLogDirs } from '../../../protocol/messages/describe-log-dirs.ts'
import { DescribeQuorum } from '../../../protocol/messages/describe-quorum.ts'
import type { IncomingResponseOf } from '../../../protocol/schema.ts'
import type { Cluster } from '../cluster.ts'
import { checkError } from '../kafka-error.ts'

export interface ClusterDescription {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: readonly {
    readonly id: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
    readonly fenced: boolean
  }[]
}

/** By Metadata where the broker is older than 2.8. */
export async function describeCluster(cluster: Cluster): Promise<ClusterDescription> {
  const connection = await cluster.any()
  if (connection.version(DescribeCluster) === undefined) {
    await cluster.refresh([])
    const { clusterId, controllerId, brokers } = cluster.metadata
    const all = [...brokers.values()].map(({ nodeId, ...rest }) => ({
      id: nodeId,
      ...rest,
      fenced: false,
    }))
    return { clusterId, controllerId, brokers: all }
  }
  const answer = await connection.send(DescribeCluster, {
    includeClusterAuthorizedOperations: false,
    includeFencedBrokers: (connection.version(DescribeCluster) ?? 0) >= 2,
  })
  checkError(answer.errorCode, 'Describing the cluster', answer.errorMessage)
  return {
    clusterId: answer.clusterId,
    controllerId: answer.controllerId,
    brokers: answer.brokers
      .map(({ brokerId, host, port, rack, isFenced }) => ({
        id: brokerId,
        host,
        port,
        rack,
        fenced: isFenced,
      }))
      .sort((a, b) => a.id - b.id),
  }
}

export interface Feature {
  readonly name: string
  readonly supportedMin: number
  readonly supportedMax: number
  /** 0 when it is not finalized. */
  readonly finalized: number
  readonly epoch: number
}

export async function describeFeatures(cluster: Cluster): Promise<Feature[]> {
  const connection = await cluster.any()
  const answer = await connection.send(ApiVersions, {
    clientSoftwareName: 'ottla',
    clientSoftwareVersion: '0.1.0',
  })
  checkError(answer.errorCode, 'Asking for features')
  return answer.supportedFeatures
    .map(({ name, minVersion, maxVersion }) => ({
      name,
      supportedMin: minVersion,
      supportedMax: maxVersion,
      finalized: answer.finalizedFeatures.find((item) => item.name === name)?.maxVersionLevel ?? 0,
      epoch: answer.finalizedFeaturesEpoch,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export interface LogDirectory {
  readonly broker: number
  readonly path: string
  readonly errorCode: number
  /** -1 when the broker does not tell. */
  readonly totalBytes: number
  readonly usableBytes: number
  readonly replicas: readonly {
    readonly topic: string
    readonly partition: number
    readonly sizeBytes: number
    readonly offsetLag: number
    readonly future: boolean
  }[]
}

export async function describeLogDirectories(
  cluster: Cluster,
  brokers?: readonly number[],
): Promise<LogDirectory[]> {
  await cluster.refresh([])
  const ids = brokers ?? [...cluster.metadata.brokers.keys()].sort((a, b) => a - b)
  const lists = await Promise.all(
    ids.map(async (broker) => {
      const answer = await cluster.send(broker, DescribeLogDirs, { topics: null })
      checkError(answer.errorCode, `Log directories of broker ${broker}`)
      return answer.results.map(({ errorCode, logDir, totalBytes, usableBytes, topics }) => ({
        broker,
        path: logDir,
        errorCode,
        totalBytes,
        usableBytes,
        replicas: topics.flatMap(({ name, partitions }) =>
          partitions.map((partition) => ({
            topic: name,
            partition: partition.partitionIndex,
            sizeBytes: partition.partitionSize,
            offsetLag: partition.offsetLag,
            future: partition.isFutureKey,
          })),
        ),
      }))
    }),
  )
  return lists.flat()
}

export type QuorumPartition = IncomingResponseOf<
  typeof DescribeQuorum
>['topics'][number]['partitions'][number]

export async function describeQuorum(cluster: Cluster): Promise<QuorumPartition> {
  const answer = await cluster.send('any', DescribeQuorum, {
    topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
  })
  checkError(answer.errorCode, 'Describing the quorum', answer.errorMessage)
  const partition = answer.topics[0]!.partitions[0]!
  checkError(partition.errorCode, 'Describing the quorum', partition.errorMessage)
  return partition
}
