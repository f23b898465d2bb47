/** Producers that send as fast as they can, far more than the broker may keep in memory (L2). */
import { expect, test } from 'vitest'
import { Produce } from '../../protocol/messages/produce.ts'
import { RawClient } from '../broker/raw-client.ts'
import { Daemon, temporaryDirectory } from './daemon.ts'
import { createTopic, produceRequest } from './requests.ts'

const clients = 20
const requestsEach = 25
const valueBytes = 900_000

test('half a gigabyte sent at once is all stored, in bounded memory', async () => {
  const daemon = await Daemon.start(temporaryDirectory(), {
    env: { NODE_OPTIONS: '--max-old-space-size=256' },
  })
  const connections = await Promise.all(
    Array.from({ length: clients }, () => RawClient.connect(daemon.port)),
  )
  expect(await createTopic(connections[0] as RawClient, 'greedy')).toBe(0)
  const value = 'x'.repeat(valueBytes)
  // Nobody waits for an answer before the next request: the sockets are what holds the rest.
  for (const client of connections)
    for (let i = 0; i < requestsEach; i++)
      client.send(client.encode(Produce, 8, produceRequest('greedy', [value])))
  const offsets: number[] = []
  for (const client of connections)
    for (let i = 0; i < requestsEach; i++) {
      const { responses } = await client.answer(Produce, 8)
      offsets.push(responses[0]?.partitionResponses[0]?.baseOffset ?? -1)
    }
  for (const client of connections) client.destroy()
  const peak = daemon.mebibytes('VmHWM')
  console.log(
    `${(clients * requestsEach * valueBytes) / 1e6} MB sent, ${Math.round(peak)} MiB held`,
  )
  expect({ offsets: offsets.sort((a, b) => a - b), bounded: peak < 400 }).toEqual({
    offsets: Array.from({ length: clients * requestsEach }, (_, i) => i),
    bounded: true,
  })
})
