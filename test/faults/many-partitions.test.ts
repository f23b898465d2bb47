/** Ten thousand partitions under `ulimit -n 4096` (D23): written, read, killed and read again. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CreatePartitions } from '../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import { recordsOf } from '../../protocol/records.ts'
import { batchOf } from '../broker/batch-of.ts'
import type { RawClient } from '../broker/raw-client.ts'
import { Daemon, temporaryDirectory, until } from './daemon.ts'

const count = 10_000
/** Of one request. */
const step = 2500
const descriptors = 4096
const options = { through: ['prlimit', `--nofile=${descriptors}`] }

const name = 't'
const portions = Array.from({ length: count / step }, (_, portion) =>
  Array.from({ length: step }, (_, i) => portion * step + i),
)

async function create(client: RawClient): Promise<void> {
  const topics = [{ name, numPartitions: step, replicationFactor: 1, assignments: [], configs: [] }]
  const made = await client.ask(CreateTopics, 5, { topics, timeoutMs: 60_000 })
  expect(made.topics[0]?.errorCode).toBe(0)
  for (let partitions = 2 * step; partitions <= count; partitions += step) {
    const more = [{ name, count: partitions, assignments: null }]
    const request = { topics: more, timeoutMs: 60_000, validateOnly: false }
    const grown = async () =>
      (await client.ask(CreatePartitions, 1, request)).results[0]?.errorCode === 0
    await until(grown, `${partitions} partitions`, 60_000)
  }
}

/** How many partitions took a record of their number. */
async function write(client: RawClient, text: string): Promise<number> {
  let taken = 0
  for (const portion of portions) {
    const partitionData = portion.map((index) => ({ index, records: batchOf([text + index]) }))
    const request = { transactionalId: null, acks: 1, timeoutMs: 60_000 }
    const topicData = [{ name, partitionData }]
    const { responses } = await client.ask(Produce, 8, { ...request, topicData })
    for (const { errorCode } of responses[0]?.partitionResponses ?? []) if (errorCode === 0) taken++
  }
  return taken
}

/** How many partitions have this record at an offset. */
async function read(client: RawClient, text: string, fetchOffset: number): Promise<number> {
  let found = 0
  for (const portion of portions) {
    const partitions = portion.map((partition) => ({
      ...{ partition, fetchOffset, partitionMaxBytes: 1000 },
    }))
    const topics = [{ topic: name, partitions }]
    const request = { maxWaitMs: 0, minBytes: 1, topics, forgottenTopicsData: [] }
    const { responses } = await client.ask(Fetch, 11, request)
    for (const { partitionIndex, records } of responses[0]?.partitions ?? [])
      for (const record of records?.length ? recordsOf(records, 0, 1e6) : [])
        if (record.value?.toString() === text + partitionIndex) found++
  }
  return found
}

test('D23: ten thousand partitions are written and read with four thousand descriptors, also after a kill', async () => {
  const directory = temporaryDirectory()
  const daemon = await Daemon.start(directory, options)
  const client = await daemon.connect()
  await create(client)
  // The last partitions may not have a leader yet.
  await until(async () => (await write(client, 'a')) === count, 'all leaders', 60_000)
  const open = readdirSync(`/proc/${daemon.child.pid}/fd`).length
  expect(open).toBeGreaterThan(descriptors / 4)
  expect(open).toBeLessThan(descriptors)
  daemon.kill('SIGKILL')
  await daemon.ended
  const again = await Daemon.start(directory, options)
  const other = await again.connect()
  await until(async () => (await write(other, 'b')) === count, 'all leaders', 60_000)
  expect(await read(other, 'a', 0)).toBe(count)
  again.kill('SIGTERM')
  expect(await again.ended).toBe(0)
})
