import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dumpFile } from '../../src/log/dump.ts'
import { dumpLine } from '../../src/log/dump-text.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { clusterIdOf } from '../../src/log/meta-properties.ts'
import { parseSnapshot } from '../../src/log/producer-snapshot.ts'
import { append, readAll } from './batches.ts'
import { goldenDump, goldenEnds, goldenFiles, partitionsOf, unpackGolden } from './golden-logs.ts'
import { quietEnv, temporaryDirectory } from './temporary-disk.ts'

const cleanupPolicy = { compact: true, delete: false }
/** With the index settings that the broker had when it made the logs. */
const configs: Record<string, Partial<LogConfig>> = {
  plain: { segmentBytes: 8192, indexIntervalBytes: 1024 },
  txn: { segmentBytes: 2048, indexIntervalBytes: 512 },
  compact: { segmentBytes: 2048, indexIntervalBytes: 512, cleanupPolicy },
  'compact-now': { segmentBytes: 2048, cleanupPolicy },
}
const configOf = (topic: string): LogConfig => ({
  ...defaultLogConfig,
  segmentIndexBytes: 4096,
  retentionMs: Infinity,
  ...(topic.startsWith('torn-') ? { segmentBytes: 4096, indexIntervalBytes: 512 } : configs[topic]),
})

function open(directory: string, lines: string[] = []): Promise<LogManager> {
  const env = quietEnv(lines)
  const clusterId = clusterIdOf(env, [directory])!
  return LogManager.open(env, { directories: [directory], clusterId, nodeId: 1, configOf })
}

/** The content of the .log files, one after the other. */
function logBytes(folder: string, partition: string): Buffer {
  const paths = [...goldenFiles.keys()].filter(
    (path) => path.startsWith(`${folder}/${partition}/`) && path.endsWith('.log'),
  )
  return Buffer.concat(paths.sort().map((path) => goldenFiles.get(path)!))
}

const folders = ['plain', 'codecs', 'transactions', 'groups', 'compact-before', 'compact-after']

describe.each(folders)("Kafka's directory %s", (folder) => {
  test.each([false, true])(
    'opens with the same batches and ends (recovered: %s)',
    async (recovered) => {
      const directory = temporaryDirectory()
      unpackGolden(folder, directory)
      if (recovered) {
        rmSync(join(directory, '.kafka_cleanshutdown'))
        rmSync(join(directory, 'recovery-point-offset-checkpoint'))
      }
      const lines: string[] = []
      const manager = await open(directory, lines)
      const ends = goldenEnds(folder)
      for (const log of manager.logs()) {
        expect({ start: log.logStartOffset, end: log.logEndOffset }).toEqual(ends.get(log.name))
        if (log.logStartOffset === 0)
          expect((await readAll(log)).equals(logBytes(folder, log.name))).toBe(true)
      }
      expect(lines.filter((line) => /^(WARN|ERROR)/.test(line))).toEqual([])
      await manager.close()
    },
  )

  test('has the indexes, aborted transactions and producers that we make from its batches', async () => {
    const directory = temporaryDirectory()
    unpackGolden(folder, directory)
    // Of a producer whose batches were compacted away, only the snapshot knows, which recovery would drop.
    const gone = folder === 'compact-after' ? /index$/ : /index$|cleanshutdown$|recovery-point/
    for (const path of goldenFiles.keys())
      if (path.startsWith(`${folder}/`) && gone.test(path))
        rmSync(join(directory, path.slice(folder.length + 1)))
    const manager = await open(directory)
    for (const partition of partitionsOf(folder)) {
      if (configs[partition.replace(/-0$/, '')] === undefined) continue
      const log = manager.get(partition.replace(/-0$/, ''), 0)!
      for (const segment of log.segments.list) {
        segment.seal(log.config.indexIntervalBytes)
        segment.flushIndexes()
      }
      const expected = goldenDump(folder, partition)
      for (const [file, lines] of expected) {
        // Of an aborted transaction whose records were compacted away, nothing is left in the batches.
        const isLost = folder === 'compact-after' && file.endsWith('.txnindex')
        // The broker was started anew at offset 40, and a new process counts its bytes from there.
        const isRestarted = file.startsWith('plain-0/00000000000000000028.')
        if (!file.endsWith('index') || isLost || isRestarted) continue
        const ours = dumpFile(quietEnv().files, join(directory, file), {
          records: false,
          unpackedBytesMax: 0,
        })
        expect({ file, lines: [...ours].map(dumpLine) }).toEqual({ file, lines })
      }
      const [snapshot] = [...expected.keys()]
        .filter((file) => file.endsWith('.snapshot'))
        .sort()
        .reverse()
      const kafka = parseSnapshot(goldenFiles.get(`${folder}/${snapshot}`)!)
      const lastOnly = [...log.producers.entries()].map((entry) => ({
        ...entry,
        batches: entry.batches.slice(-1),
      }))
      const byId = (a: { producerId: number }, b: { producerId: number }) =>
        a.producerId - b.producerId
      // Kafka had forgotten some by the time of their timestamps; nobody has told ours to.
      const ids = new Set(kafka.map(({ producerId }) => producerId))
      const known = lastOnly.filter(({ producerId }) => ids.has(producerId))
      expect(known.sort(byId)).toEqual(kafka.sort(byId))
    }
    await manager.close()
  })
})

test("a damaged directory ends after recovery where Kafka's recovery ended it", async () => {
  const directory = temporaryDirectory()
  unpackGolden('torn-before', directory)
  const manager = await open(directory)
  const ends = goldenEnds('torn-after')
  const torn = [...manager.logs()].filter(({ topic }) => topic.startsWith('torn-'))
  expect(torn.map(({ name, logEndOffset }) => [name, logEndOffset])).toEqual(
    torn.map(({ name }) => [name, ends.get(name)!.end]),
  )
  expect(torn).toHaveLength(10)
  await manager.close()
  for (const { name } of torn)
    for (const [file, lines] of goldenDump('torn-after', name)) {
      if (!file.endsWith('.log')) continue
      const entries = dumpFile(quietEnv().files, join(directory, file), {
        records: true,
        unpackedBytesMax: 1e8,
      })
      expect([...entries].map(dumpLine)).toEqual(lines)
    }
})

test('a log that Kafka began goes on with ours, and both are there after a restart', async () => {
  const directory = temporaryDirectory()
  unpackGolden('plain', directory)
  const first = await open(directory)
  append(first.get('plain', 0)!, 'from Ottla')
  await first.close()
  const second = await open(directory)
  const log = second.get('plain', 0)!
  expect([log.logEndOffset, log.leaderEpochs.entries]).toEqual([
    71,
    [
      { epoch: 0, startOffset: 0 },
      { epoch: 2, startOffset: 40 },
    ],
  ])
  expect(
    (await readAll(log))
      .subarray(0, logBytes('plain', 'plain-0').length)
      .equals(logBytes('plain', 'plain-0')),
  ).toBe(true)
  await second.close()
  expect(readFileSync(join(directory, '.kafka_cleanshutdown'), 'utf8')).toBe(
    '{"version":0,"brokerEpoch":-1}',
  )
})
