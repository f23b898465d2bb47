import { Cluster } from '../../../src/client/cluster.ts'
import { Consumer } from '../../../src/client/consumer.ts'
import { FetchedRecords } from '../../../src/client/fetched-records.ts'
import { nodeEnv } from '../../../src/env/node.ts'
import { asked, say, show, stdinEnded, warn } from './member.ts'

const { bootstrap, topic, groupId, groupProtocol } = asked
const [host = '', port = ''] = bootstrap.split(':')
const cluster = new Cluster(nodeEnv(), { bootstrap: [{ host, port: Number(port) }] })
const numbers = (partitions: readonly { partition: number }[]) =>
  partitions.map(({ partition }) => partition)
const consumer = new Consumer(cluster, {
  groupProtocol: groupProtocol === 'consumer' ? 'consumer' : 'classic',
  group: { groupId, sessionTimeoutMs: 6000, heartbeatIntervalMs: 500, rebalanceTimeoutMs: 10_000 },
  autoCommitIntervalMs: 200,
  offsetReset: 'earliest',
  onAssigned: (partitions) => say({ assigned: numbers(partitions) }),
  onRevoked: (partitions) => say({ revoked: numbers(partitions) }),
})
let ended = false
void stdinEnded.then(() => {
  ended = true
})
await consumer.subscribe([topic])
while (!ended) {
  const fetched = await consumer.poll(200).catch(warn)
  if (!fetched) continue
  const records = new FetchedRecords(fetched)
  while (records.next()) {
    const { bytes, valueStart, valueLength } = records.record
    const value = valueLength < 0 ? null : bytes.subarray(valueStart, valueStart + valueLength)
    show(fetched.partition, records.offset, value && Buffer.from(value))
  }
}
await consumer.close()
cluster.close()
process.exit(0)
