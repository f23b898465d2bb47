/**
 * What a process that is killed leaves, against damage: only the first explains why a log ends earlier than it
 * did. After the other the cluster must not take the replica for one that has all it acknowledged.
 */
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append } from './batches.ts'
import { quietEnv, temporaryDirectory } from './temporary-disk.ts'

const segment = '00000000000000000000.log'

const open = (directory: string) =>
  LogManager.open(quietEnv([]), {
    directories: [directory],
    clusterId: 'cluster-one',
    nodeId: 1,
    configOf: () => defaultLogConfig,
  })

/** What a kill would leave now. */
function left(directory: string): string {
  const copy = temporaryDirectory()
  cpSync(directory, copy, { recursive: true })
  return copy
}

/** A directory whose process was killed after three batches, of one size, with something done to their file. */
async function killed(damage: (file: string, batchBytes: number) => void): Promise<string> {
  const directory = temporaryDirectory()
  const manager = await open(directory)
  const log = manager.create('orders', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  for (const value of ['a', 'b', 'c']) append(log, value)
  const copy = left(directory)
  await manager.close()
  const file = join(copy, 'orders-0', segment)
  damage(file, readFileSync(file).length / 3)
  return copy
}

async function opened(directory: string) {
  const manager = await open(directory)
  const { isIncomplete } = manager.directories[0]!
  return { manager, isIncomplete, end: manager.get('orders', 0)!.logEndOffset }
}

const flip = (file: string, position: number) => {
  const bytes = readFileSync(file)
  bytes[position]! ^= 4
  writeFileSync(file, bytes)
}

test.each([
  ['nothing', () => {}, 3],
  [
    'a batch that was half written',
    (file: string, size: number) => truncateSync(file, 2.5 * size),
    2,
  ],
  ['half a header', (file: string, size: number) => truncateSync(file, 2 * size + 20), 2],
] as const)('the end of a process explains %s', async (_, damage, expected) => {
  const { manager, isIncomplete, end } = await opened(await killed(damage))
  expect({ isIncomplete, end }).toEqual({ isIncomplete: false, end: expected })
  await manager.close()
})

test.each([
  ['in the middle', 1.5, 1],
  ['in the last batch', 2.9, 2],
  ['in a length', 1 + 10 / 70, 1],
  // Its first offset becomes a later one, and no checksum tells.
  ['in an offset', 1 + 6.5 / 69, 1],
])('a flipped bit %s is a loss', async (_, batches, expected) => {
  const directory = await killed((file, size) => flip(file, Math.floor(batches * size)))
  const { manager, isIncomplete, end } = await opened(directory)
  expect({ isIncomplete, end }).toEqual({ isIncomplete: true, end: expected })
  await manager.close()
})

test('also the process after the next knows of it, until the cluster was told', async () => {
  const directory = await killed((file, size) => flip(file, Math.floor(1.5 * size)))
  const first = await opened(directory)
  const again = await opened(left(directory))
  expect({ isIncomplete: again.isIncomplete, end: again.end }).toEqual({
    isIncomplete: true,
    end: 1,
  })
  const mark = () => readFileSync(join(directory, '.ottla_broker_epoch'), 'utf8')
  expect(mark()).toContain('incomplete')
  first.manager.noteBrokerEpoch(7)
  expect(mark()).not.toContain('incomplete')
  await first.manager.close()
  await again.manager.close()
})
