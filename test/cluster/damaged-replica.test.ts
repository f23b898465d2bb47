/** A follower whose uncommitted tail was damaged while it was down (D10 of the fault catalogue): it fetches that again. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { batchSizeOf } from '../../protocol/record-batch.ts'
import { Producer } from '../../src/client/producer.ts'
import { EmbeddedCluster } from './embedded-cluster.ts'

vi.setConfig({ testTimeout: 120_000 })

let cluster: EmbeddedCluster | undefined
afterEach(() => cluster?.stop())

const segment = (at: EmbeddedCluster, broker: number) =>
  join(at.directory, `broker-${broker}`, 'orders-0', `${'0'.repeat(20)}.log`)

/** As after a crash: without the mark of a clean stop, and nothing known to be on the disk. */
function forgetTheStop(at: EmbeddedCluster, broker: number): void {
  const directory = join(at.directory, `broker-${broker}`)
  for (const name of readdirSync(directory))
    if (/cleanshutdown|recovery-point/.test(name)) rmSync(join(directory, name))
}

/** Bits of the last batch: its base offset raised a little and far, and lowered, its length, its records. */
const bits = {
  'base offset, low bit': 61,
  'base offset, high bit': 20,
  length: 90,
  records: 8 * 64,
}

test.each(Object.entries(bits))(
  'D10: a flipped bit in the tail of a follower (%s) is fetched again',
  async (_, bit) => {
    const at = await EmbeddedCluster.start(3)
    cluster = at
    await at.createTopic('orders', [[1, 2, 3]])
    const produce = (values: string[]) =>
      at.withClient(async (client) => {
        const producer = new Producer(client, { acks: -1, lingerMs: 0 })
        for (const value of values) await producer.send({ topic: 'orders', partition: 0, value })
      })
    await produce(['a', 'b', 'c'])
    await at.stopBroker(2)
    forgetTheStop(at, 2)
    const bytes = readFileSync(segment(at, 2))
    let last = 0
    for (let next = 0; next < bytes.length; next += batchSizeOf(bytes, next)) last = next
    bytes[last + (bit >> 3)]! ^= 0x80 >> (bit & 7)
    writeFileSync(segment(at, 2), bytes)
    // The leader goes on, beyond what a raised offset claims.
    await produce(['d', 'e', 'f', 'g', 'h', 'i'])
    await at.startBroker(2)
    await at.settled('orders')
    expect(readFileSync(segment(at, 2)).equals(readFileSync(segment(at, 1)))).toBe(true)
  },
)
