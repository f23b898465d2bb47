/** A survey changes nothing and finds the end that opening the log finds, whatever the crash left. */
import { expect, test } from 'vitest'
import { createLog, openLog } from '../../src/log/load.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { surveyDirectory } from '../../src/log/survey.ts'
import { appendBatch, batchOf } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { simulatedEnv } from './simulated-env.ts'
import { place, unclean } from './temporary-disk.ts'

const config = { segmentBytes: 300, indexIntervalBytes: 150, messageTimestampAfterMaxMs: Infinity }
const at = { ...place('/data', config), directory: '/data/t-0' }
const topicId = 'T'.repeat(22)
const meta = `version=1\ncluster.id=one\nnode.id=4\ndirectory.id=${'D'.repeat(22)}\n`

/** Three leader epochs in several segments; the last epoch has no record. */
async function sample(): Promise<LossyDisk> {
  const disk = new LossyDisk()
  const env = simulatedEnv(disk)
  env.files.makeDirectory('/data')
  env.files.replaceFile('/data/meta.properties', Buffer.from(meta))
  env.files.replaceFile('/data/.ottla_broker_epoch', Buffer.from('{"version":0,"brokerEpoch":12}'))
  const log = createLog(new LogDisk(env, '/data'), at, topicId)
  for (let i = 0; i < 8; i++)
    appendBatch(
      log,
      batchOf([`a${i}`, `b${i}`], { producerId: 40 + i, producerEpoch: 0, baseSequence: 0 }),
      i >> 1,
    )
  log.assignEpoch(9)
  await log.close()
  return disk
}

const survey = (disk: LossyDisk) => surveyDirectory(simulatedEnv(disk), '/data').logs[0]!

async function opened(disk: LossyDisk, recoveryPoint: number) {
  const env = simulatedEnv(disk)
  const log = await openLog(new LogDisk(env, '/data'), at, {
    ...unclean,
    recoveryPoint,
    compactedTo: 0,
  })
  return {
    endOffset: log.logEndOffset,
    leaderEpoch: log.leaderEpochs.epochAt(log.logEndOffset - 1) ?? -1,
  }
}

test('it tells whose the directory is, and the highest epoch and producer of a log', async () => {
  const { logs, ...directory } = surveyDirectory(simulatedEnv(await sample()), '/data')
  expect(directory).toEqual({
    path: '/data',
    clusterId: 'one',
    nodeId: 4,
    directoryId: 'D'.repeat(22),
    brokerEpoch: 12,
  })
  expect(logs).toEqual([
    {
      path: '/data/t-0',
      topic: 't',
      partition: 0,
      topicId,
      endOffset: 16,
      leaderEpoch: 3,
      epochMax: 9,
      producerIdMax: 47,
    },
  ])
})

test('a log that was torn or damaged anywhere ends where recovery ends it', async () => {
  const whole = await sample()
  const paths = [...whole.paths].filter((path) => path.endsWith('.log'))
  const differing: string[] = []
  for (const recoveryPoint of [0, 6, 16])
    for (const path of paths)
      for (const damage of ['torn', 'flipped'])
        for (let position = 1; position < whole.bytesOf(path).length; position += 5) {
          const disk = await sample()
          const bytes = Buffer.from(whole.bytesOf(path))
          if (damage === 'flipped') bytes[position]! ^= 0x40
          const left = damage === 'torn' ? bytes.subarray(0, position) : bytes
          disk.files.replaceFile(path, left)
          const checkpoint = `0\n1\nt 0 ${recoveryPoint}\n`
          disk.files.replaceFile('/data/recovery-point-offset-checkpoint', Buffer.from(checkpoint))
          const { endOffset, leaderEpoch } = survey(disk)
          expect(disk.bytesOf(path)).toEqual(left)
          const real = await opened(disk, recoveryPoint)
          if (real.endOffset !== endOffset || real.leaderEpoch !== leaderEpoch)
            differing.push(
              `${path} ${damage} at ${position}, recovery point ${recoveryPoint}: ${endOffset}/${leaderEpoch}, not ${real.endOffset}/${real.leaderEpoch}`,
            )
        }
  expect(differing).toEqual([])
})
