/**
 * A short life of a log is ended at each of its file operations, before and after it, once each. The next
 * process must open the log, find all that was acknowledged, and nothing that was not sent.
 */
import { expect, test } from 'vitest'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, appendBatch, batchOf, readAll, recordsIn } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'

const config: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 400,
  indexIntervalBytes: 100,
  retentionBytes: 900,
  fileDeleteDelayMs: 1000,
  retentionMs: Infinity,
  messageTimestampAfterMaxMs: Infinity,
}

/** What became of the records that were sent. */
interface Account {
  /** Offset → value, for everything that was handed to a write. */
  readonly sent: Map<number, string>
  /** Everything before was written, and answered in page-cache mode. */
  written: number
  /** Everything before was synced, and answered in durable mode. */
  synced: number
  /** The highest start that was asked for. */
  start: number
}

async function open(disk: LossyDisk): Promise<LogManager> {
  return LogManager.open(simulatedEnv(disk), {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => config,
    intervals: {
      recoveryPointMs: 1000,
      logStartMs: 1000,
      highWatermarkMs: 1000,
      retentionMs: 2000,
    },
  })
}

function send(log: Log, account: Account, ...values: string[]): void {
  for (const [i, value] of values.entries()) account.sent.set(log.logEndOffset + i, `k=${value}`)
  expect(append(log, ...values).errorCode).toBe(0)
  account.written = log.logEndOffset
}

async function flush(log: Log, account: Account): Promise<void> {
  const end = log.logEndOffset
  await log.flush()
  account.synced = end
}

/** The life that is cut short. Returns normally when it was not. */
async function live(disk: LossyDisk, account: Account): Promise<void> {
  const env = simulatedEnv(disk)
  const manager = await LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => config,
    intervals: {
      recoveryPointMs: 1000,
      logStartMs: 1000,
      highWatermarkMs: 1000,
      retentionMs: 2000,
    },
  })
  const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  log.assignEpoch(0)
  send(log, account, 'a', 'b')
  await flush(log, account)
  for (let i = 0; i < 6; i++) send(log, account, `roll ${i}`, `two ${i}`)
  account.sent.set(log.logEndOffset, 'k=p')
  appendBatch(log, batchOf(['p'], { producerId: 3, producerEpoch: 0, baseSequence: 0 }), 1)
  account.written = log.logEndOffset
  log.highWatermark = log.logEndOffset
  await env.pass(1000)
  await flush(log, account)
  for (let i = 0; i < 8; i++) send(log, account, `more ${i}`)
  log.highWatermark = log.logEndOffset
  account.start = 14
  await env.pass(1000)
  account.start = Math.max(account.start, 10)
  if (log.logStartOffset < 17) {
    account.start = 17
    log.deleteRecordsBefore(17)
  }
  await settled()
  send(log, account, 'last')
  await flush(log, account)
  await env.pass(1000)
  account.start = Math.max(account.start, log.logStartOffset)
  await manager.close(7)
  account.synced = account.written
}

async function check(disk: LossyDisk, account: Account, acknowledged: number): Promise<void> {
  const manager = await open(disk)
  const log = manager.get('t', 0)
  if (log === undefined) {
    expect(acknowledged).toBe(0)
  } else {
    expect(log.logEndOffset).toBeGreaterThanOrEqual(acknowledged)
    expect(log.logStartOffset).toBeLessThanOrEqual(account.start)
    const found = recordsIn(await readAll(log, log.logStartOffset))
    const first = Number(found[0]?.[0] ?? log.logEndOffset)
    const expected = [...account.sent].filter(
      ([offset]) => offset >= first && offset < log.logEndOffset,
    )
    expect(found).toEqual(expected)
    expect(first).toBeLessThanOrEqual(Math.max(log.logStartOffset, 0))
    send(log, account, 'afterwards')
    await flush(log, account)
  }
  await manager.close()
}

const newAccount = (): Account => ({ sent: new Map(), written: 0, synced: 0, start: 0 })

async function liveUntil(call: number, kind: 'before' | 'after') {
  const disk = new LossyDisk()
  const account = newAccount()
  disk.faults = [{ at: call, kind }]
  await live(disk, account).catch(() => {})
  await settled()
  return { disk, account }
}

/** The number of calls that the whole life makes. */
async function callsOfLife(): Promise<number> {
  const disk = new LossyDisk()
  const account = newAccount()
  await live(disk, account)
  return disk.calls
}

test('D2, D6: a killed process leaves everything that it wrote', async () => {
  const calls = await callsOfLife()
  expect(calls).toBeGreaterThan(100)
  for (let call = 0; call <= calls; call++)
    for (const kind of ['before', 'after'] as const) {
      const { disk, account } = await liveUntil(call, kind)
      disk.restart()
      await named(`killed ${kind} call ${call}`, check(disk, account, account.written))
    }
})

test.each([1, 2, 3, 4])(
  'D4, D6: a power loss takes nothing that was synced (seed %i)',
  async (seed) => {
    const calls = await callsOfLife()
    for (let call = 0; call <= calls; call++) {
      const kind = call % 2 === seed % 2 ? 'before' : 'after'
      const { disk, account } = await liveUntil(call, kind)
      disk.kill()
      disk.restart()
      disk.losePower(randomFrom(seed * 1000 + call))
      await named(`power lost ${kind} call ${call}`, check(disk, account, account.synced))
    }
  },
)

/** Says in a failure where the life ended. */
async function named(where: string, run: Promise<void>): Promise<void> {
  try {
    await run
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error })
  }
}
