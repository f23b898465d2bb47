/**
 * As `crash-points.test.ts`, for what changes a log behind its end: compaction with tombstones, and
 * truncation. The disk tears writes at 512 bytes and loses names that were not synced.
 */
import { expect, test } from 'vitest'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import { append, readAll, recordsIn } from './batches.ts'
import { LossyDisk } from './lossy-disk.ts'
import { randomFrom, settled, simulatedEnv } from './simulated-env.ts'

const config = {
  ...defaultLogConfig,
  segmentBytes: 400,
  indexIntervalBytes: 100,
  fileDeleteDelayMs: 500,
  minCleanableDirtyRatio: 0.01,
  cleanupPolicy: { compact: true, delete: false },
  messageTimestampAfterMaxMs: Infinity,
}

/** What was sent in the place of each offset, the last one last, and what of it was acknowledged. */
class Account {
  readonly sent: string[][] = []
  end = 0
  syncedEnd = 0
  /** What each synced offset holds, unless compaction has removed it. */
  readonly synced: string[] = []

  writes(offset: number, text: string): void {
    this.sent[offset] = [...(this.sent[offset] ?? []), text]
  }

  async flush(log: Log): Promise<void> {
    const { end } = this
    const last = this.sent.slice(0, end).map((texts) => texts.at(-1)!)
    await log.flush()
    this.syncedEnd = end
    this.synced.splice(0, Infinity, ...last)
  }
}

function manage(disk: LossyDisk, env = simulatedEnv(disk)): Promise<LogManager> {
  return LogManager.open(env, {
    directories: ['/data'],
    clusterId: 'c',
    nodeId: 1,
    configOf: () => config,
    intervals: { recoveryPointMs: 1000, logStartMs: 1000, highWatermarkMs: 1000 },
  })
}

async function live(disk: LossyDisk, account: Account): Promise<void> {
  const env = simulatedEnv(disk)
  const manager = await manage(disk, env)
  const log = manager.create('t', 0, 'sIvooBuSQZ-9v-mQDo-mmg')
  const send = (...texts: string[]) => {
    for (const text of texts) {
      account.writes(log.logEndOffset, text)
      append(log, text)
      account.end = log.logEndOffset
    }
  }
  for (let i = 0; i < 9; i++) send(`a=${i}`, `b=${i % 2 === 0 ? '' : i}`, `once${i}=${i}`)
  await account.flush(log)
  log.highWatermark = 20
  await manager.cleaner.runOnce()
  await env.pass(1000)
  // What another leader did not have goes, and its records come.
  account.syncedEnd = account.end = 22
  account.synced.length = 22
  log.truncateTo(22)
  log.assignEpoch(1)
  send('a=new', 'c=1', 'b=')
  await account.flush(log)
  for (let i = 0; i < 6; i++) send(`a=later ${i}`, `c=${i}`)
  log.highWatermark = log.logEndOffset
  await account.flush(log)
  await env.pass(1000)
  await manager.cleaner.runOnce()
  await env.pass(1000)
  await manager.close(3)
}

/** What a reader ends with who reads these records. */
function stateOf(texts: readonly string[]): Map<string, string> {
  const state = new Map<string, string>()
  for (const [key, value] of texts.map((text) => text.split('='))) {
    if (value === '') state.delete(key!)
    else state.set(key!, value!)
  }
  return state
}

async function check(disk: LossyDisk, account: Account, isPowerLost: boolean): Promise<void> {
  const manager = await manage(disk)
  const log = manager.get('t', 0)
  const acknowledged = isPowerLost ? account.syncedEnd : account.end
  expect(log?.logEndOffset ?? 0).toBeGreaterThanOrEqual(acknowledged)
  if (log) {
    const found = recordsIn(await readAll(log)) as [number, string][]
    for (const [offset, text] of found) expect(account.sent[offset]).toContain(text)
    const kept = new Map(found)
    for (const [offset, text] of account.synced.entries())
      if (kept.has(offset)) expect(kept.get(offset)).toBe(text)
    // Whatever compaction has removed, a reader ends with the same as without it.
    const all = [
      ...account.synced,
      ...found
        .map(([, text]) => text)
        .slice(found.findLastIndex(([offset]) => offset < account.syncedEnd) + 1),
    ]
    expect(stateOf(found.map(([, text]) => text))).toEqual(stateOf(all))
    log.highWatermark = log.logEndOffset
    await manager.cleaner.runOnce()
    expect(stateOf(recordsIn(await readAll(log)).map(([, text]) => String(text)))).toEqual(
      stateOf(all),
    )
  }
  await manager.close()
}

async function callsOfLife(): Promise<number> {
  const disk = new LossyDisk()
  await live(disk, new Account())
  return disk.calls
}

test.each([
  ['killed process', undefined],
  ['power loss', 1],
  ['power loss', 2],
] as const)(
  'a log that is compacted and truncated outlives a %s (%s) before every file operation',
  {
    timeout: 300_000,
  },
  async (_, seed) => {
    const calls = await callsOfLife()
    expect(calls).toBeGreaterThan(150)
    for (let call = 0; call <= calls; call++) {
      const disk = new LossyDisk()
      const account = new Account()
      disk.faults = [{ at: call, kind: 'before' }]
      await live(disk, account).catch(() => {})
      await settled()
      disk.kill()
      disk.restart()
      if (seed !== undefined) disk.losePower(randomFrom(seed * 1000 + call))
      try {
        await check(disk, account, seed !== undefined)
      } catch (error) {
        throw new Error(`Ended before call ${call}: ${(error as Error).message}`, { cause: error })
      }
    }
  },
)
