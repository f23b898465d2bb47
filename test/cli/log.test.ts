import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unpackGolden } from '../log/golden-logs.ts'
import { temporaryDirectory } from '../log/temporary-disk.ts'

const ottla = join(import.meta.dirname, '../../src/cli/ottla.ts')
const tsx = ['--import', 'tsx', ottla, 'log']

function golden(folder: string): string {
  const directory = temporaryDirectory()
  unpackGolden(folder, directory)
  return directory
}

test('log dump prints the lines of the Kafka tool, records where asked', () => {
  const directory = golden('codecs')
  const file = join(directory, 'codecs-0/00000000000000000000.log')
  const run = (...flags: string[]) =>
    execFileSync(process.execPath, [...tsx, 'dump', file, ...flags], { encoding: 'utf8' })
      .trimEnd()
      .split('\n')
  const plain = run()
  expect(plain).toHaveLength(6)
  expect(plain[0]).toBe(`Dumping ${file}`)
  expect(plain[2]).toMatch(/^baseOffset: 10 lastOffset: 19 count: 10 .* compresscodec: gzip /)
  const records = run('--records', '--json').map((line) => JSON.parse(line) as { kind: string })
  expect(records.filter(({ kind }) => kind === 'record')).toHaveLength(50)
})

test('log verify finds nothing wrong in a directory that Kafka left', () => {
  const directory = golden('compact-after')
  const { status, stdout } = spawnSync(process.execPath, [...tsx, 'verify', directory], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: '2 logs, 10 segments, 32 batches, 5,183 bytes\n',
  })
})

test('log verify tells file and position of what is wrong, and fails', () => {
  const directory = golden('torn-before')
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tsx, 'verify', directory], {
    encoding: 'utf8',
  })
  const damaged = stdout.split('\n').filter((line) => line.includes('.log:'))
  expect({ status, damaged, stderr }).toEqual({
    status: 1,
    damaged: [
      `${directory}/torn-crc-0/00000000000000000014.log:2840: the checksum of the batch at offset 24 is wrong`,
      `${directory}/torn-cut-0/00000000000000000014.log:2840: a batch of 284 bytes passes the end by 10; no whole batch follows`,
      `${directory}/torn-garbage-0/00000000000000000014.log:3124: 39 bytes are too few for a batch; no whole batch follows`,
      `${directory}/torn-header-0/00000000000000000014.log:2840: 30 bytes are too few for a batch; no whole batch follows`,
      `${directory}/torn-middle-0/00000000000000000014.log:284: the checksum of the batch at offset 15 is wrong`,
      `${directory}/torn-zeros-0/00000000000000000014.log:3124: magic is 0; no whole batch follows`,
    ],
    stderr: expect.stringContaining('13 things are wrong'),
  })
})
