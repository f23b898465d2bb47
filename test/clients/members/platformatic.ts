import { Consumer } from '@platformatic/kafka'
import { asked, Holdings, show, stdinEnded, warn } from './member.ts'

const { bootstrap, topic, groupId, groupProtocol } = asked
const isNew = groupProtocol === 'consumer'
const consumer = new Consumer({
  clientId: `platformatic-${process.pid}`,
  groupId,
  bootstrapBrokers: [bootstrap],
  sessionTimeout: 6000,
  rebalanceTimeout: 10_000,
  heartbeatInterval: 500,
  ...(isNew && { groupProtocol: 'consumer' }),
})
const holdings = new Holdings()
const hold = (assignments: readonly { topic: string; partitions: number[] }[] | null) =>
  holdings.now(assignments?.find((one) => one.topic === topic)?.partitions ?? [])
consumer.on('consumer:group:join', ({ assignments }: any) => hold(assignments))
// With the new protocol it tells nobody what it is assigned.
if (isNew) setInterval(() => hold(consumer.assignments), 50)
const options = { mode: 'committed', fallbackMode: 'earliest', autocommit: false } as const
const stream = await consumer.consume({ topics: [topic], ...options, maxWaitTime: 200 })
const read = async () => {
  for await (const message of stream) {
    show(message.partition, Number(message.offset), message.value ?? null)
    // A rebalance: the next owner reads the record again.
    await Promise.resolve(message.commit()).catch(warn)
  }
}
await Promise.race([stdinEnded, read()])
await consumer.close(true)
process.exit(0)
