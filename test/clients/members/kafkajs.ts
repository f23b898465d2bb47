import kafkajs from 'kafkajs'
import { asked, Holdings, show, stdinEnded, warn } from './member.ts'

const { bootstrap, topic, groupId } = asked
const kafka = new kafkajs.Kafka({
  brokers: [bootstrap],
  clientId: `kafkajs-${process.pid}`,
  logLevel: kafkajs.logLevel.NOTHING,
})
const consumer = kafka.consumer({
  groupId,
  sessionTimeout: 6000,
  rebalanceTimeout: 10_000,
  heartbeatInterval: 500,
  maxWaitTimeInMs: 200,
})
const holdings = new Holdings()
consumer.on('consumer.group_join', ({ payload }) => {
  holdings.now(payload.memberAssignment[topic] ?? [])
})
consumer.on('consumer.crash', ({ payload }) => warn(payload.error))
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  // Commits what was handled.
  autoCommitThreshold: 1,
  eachMessage: async ({ partition, message }) => {
    show(partition, Number(message.offset), message.value)
  },
})
await stdinEnded
await consumer.disconnect()
process.exit(0)
