import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Env } from '../../src/env/env.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { createLog, type LogCheckpoint, openLog } from '../../src/log/load.ts'
import type { Log } from '../../src/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'

/** A directory of the real file system that goes with the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'ottla-log-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The real world, silent unless lines are asked for. */
export function quietEnv(lines: string[] = []): Env {
  return nodeEnv({ write: (line) => lines.push(line.replace(/^\S+ /, '')) })
}

export function place(directory: string, config: Partial<LogConfig> = {}, name = 't-0') {
  const [, topic = '', partition = ''] = /^(.*)-(\d+)$/.exec(name)!
  return {
    topic,
    partition: Number(partition),
    directory: join(directory, name),
    config: { ...defaultLogConfig, ...config },
  }
}

/** A new log in a temporary directory. */
export function temporaryLog(config: Partial<LogConfig> = {}): Log {
  const directory = temporaryDirectory()
  return createLog(new LogDisk(quietEnv(), directory), place(directory, config))
}

export const unclean: LogCheckpoint = {
  wasClean: false,
  recoveryPoint: 0,
  logStartOffset: 0,
  highWatermark: 0,
  compactedTo: Infinity,
}
export const clean: LogCheckpoint = { ...unclean, wasClean: true }

/** The log again, as the next process sees it. */
export function reopened(log: Log, checkpoint: Partial<LogCheckpoint> = {}): Promise<Log> {
  const { disk, topic, partition, directory, config } = log
  const again = new LogDisk(disk.env, disk.path)
  const state = {
    ...clean,
    recoveryPoint: log.logEndOffset,
    highWatermark: log.highWatermark,
    ...checkpoint,
  }
  return openLog(again, { topic, partition, directory, config }, state)
}
