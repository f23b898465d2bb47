/** What a broker tells of each of its replicas, and of each partition that it leads. */
import type { Log } from '../../log/log.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import type { Family } from './family.ts'

export function partitionFamilies({ partitions, traffic }: Broker): Family[] {
  const family = (
    name: string,
    help: string,
    of: (partition: Partition) => number | undefined,
  ): Family => ({
    ...{ name, help, type: 'gauge', labels: ['topic', 'partition'] },
    read: () =>
      traffic.told.partitions.of(partitions.all()).flatMap((one) => {
        const value = of(one)
        const labels = { topic: one.topic, partition: one.index }
        return value === undefined ? [] : [{ labels, value }]
      }),
  })
  const ofLog =
    (value: (log: Log) => number) =>
    ({ isBroken, log }: Partition) =>
      isBroken || log === undefined ? undefined : value(log)
  const ofLed = (is: (partition: Partition) => boolean) => (partition: Partition) =>
    partition.role === 'leader' ? Number(is(partition)) : undefined
  return [
    family(
      'kafka_log_log_logstartoffset',
      'Where the log of a replica on this broker begins.',
      ofLog((log) => log.logStartOffset),
    ),
    family(
      'kafka_log_log_logendoffset',
      'Where it ends: the offset of the next record.',
      ofLog((log) => log.logEndOffset),
    ),
    family(
      'kafka_log_log_size',
      'Bytes of its segments.',
      ofLog((log) => log.sizeBytes),
    ),
    family(
      'kafka_cluster_partition_underreplicated',
      'Whether a partition that is led here has replicas that are not in sync.',
      ofLed(({ image }) => image.isr.length < image.replicas.length),
    ),
    family(
      'kafka_cluster_partition_underminisr',
      'Whether it has fewer replicas in sync than `min.insync.replicas`.',
      ofLed((one) => one.image.isr.length < one.minInsyncReplicas),
    ),
  ]
}
