import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dumpFile } from '../../src/log/dump.ts'
import { dumpLine } from '../../src/log/dump-text.ts'
import { goldenDump, partitionsOf, unpackGolden } from './golden-logs.ts'
import { quietEnv, temporaryDirectory } from './temporary-disk.ts'

const folders = [
  'plain',
  'codecs',
  'transactions',
  'groups',
  'compact-before',
  'compact-after',
  'torn-after',
]

describe.each(folders)("Kafka's directory %s", (folder) => {
  test.each(partitionsOf(folder))("%s is dumped as by Kafka's own tool", (partition) => {
    const directory = temporaryDirectory()
    unpackGolden(folder, directory)
    const { files } = quietEnv()
    const expected = goldenDump(folder, partition)
    // The tool was told to decode the records of internal topics.
    const comparable = (line: string) =>
      partition.startsWith('__') ? line.replace(/ key: .*$/s, '') : line
    const ours = new Map(
      [...expected.keys()].map((file) => {
        const entries = dumpFile(files, join(directory, file), {
          records: true,
          unpackedBytesMax: 1e8,
        })
        return [file, [...entries].map(dumpLine).map(comparable)]
      }),
    )
    const kafka = [...expected].map(([file, lines]) => [file, lines.map(comparable)] as const)
    expect(ours).toEqual(new Map(kafka))
  })
})
