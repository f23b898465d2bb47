/** What tests arrange in the broker, through a client that is a judge by itself. */
import { ListGroups } from '../../protocol/messages/list-groups.ts'
import { askOnce } from '../../src/cli/bench/bench-target.ts'
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

/** Each group and its type, `classic` or `consumer`. */
export async function groupTypes(target: Target): Promise<Map<string, string>> {
  const request = { statesFilter: [], typesFilter: [] }
  const { errorCode, groups } = await askOnce(
    { host: '127.0.0.1', port: target.port },
    ListGroups,
    5,
    request,
  )
  if (errorCode !== 0) throw new Error(`ListGroups answered ${errorCode}`)
  return new Map(groups.map((group: any) => [group.groupId, group.groupType.toLowerCase()]))
}
