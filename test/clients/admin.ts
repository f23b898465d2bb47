/** What tests arrange in the broker, through a client that is a judge by itself. */
import { kafkaJs } from './adapters/kafkajs.ts'
import type { Target } from './target.ts'

export async function createTopic(
  target: Target,
  topic: string,
  options: { partitions: number; configs?: Record<string, string> },
): Promise<void> {
  const admin = kafkaJs(target).admin()
  await admin.connect()
  try {
    const configEntries = Object.entries(options.configs ?? {}).map(([name, value]) => ({
      name,
      value,
    }))
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: options.partitions, replicationFactor: 1, configEntries }],
    })
  } finally {
    await admin.disconnect()
  }
}
