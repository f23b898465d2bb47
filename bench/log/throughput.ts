/** Appending and reading, against plain writes and reads of the same bytes, in turn within one process. */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Env, File } from '../../src/env/env.ts'
import type { Log } from '../../src/log/log.ts'
import { spreadOf } from '../statistics.ts'
import { append, batchOfBytes, fill, inDirectory, msOf, newLog, reopened, silent } from './place.ts'
import type { Row, Sizes } from './sizes.ts'

const median = (values: number[]) => spreadOf(values)?.median ?? Number.NaN

export async function appendRows({ appendBytes, rounds }: Sizes): Promise<Row[]> {
  const rows: Row[] = []
  for (const size of [16 * 1024, 64 * 1024]) {
    const batch = batchOfBytes(size)
    const count = Math.ceil(appendBytes / batch.length)
    const ours: number[] = []
    const ratios: number[] = []
    for (let round = 0; round < rounds; round++)
      await inDirectory((path) => {
        const plainMs = msOf(() => writePlainly(join(path, 'plain'), batch, count))
        const log = newLog(path)
        const oursMs = msOf(() => {
          for (let i = 0; i < count; i++) append(log, batch)
        })
        log.release()
        ours.push((count * batch.length) / 1e3 / oursMs)
        ratios.push(plainMs / oursMs)
      })
    rows.push(
      { name: `append, ${size / 1024} KiB batches`, value: median(ours), unit: 'MB/s' },
      {
        name: `append, ${size / 1024} KiB batches, to plain writes`,
        value: median(ratios),
        unit: 'ratio',
        goal: '>= 0.6',
      },
    )
  }
  return rows
}

function writePlainly(path: string, bytes: Buffer, count: number): void {
  const fd = openSync(path, 'w')
  for (let i = 0; i < count; i++) writeSync(fd, bytes, 0, bytes.length, i * bytes.length)
  closeSync(fd)
  unlinkSync(path)
}

export async function readRows({ readBytes, rounds, seeks }: Sizes): Promise<Row[]> {
  const rows: Row[] = []
  const batch = batchOfBytes(16 * 1024)
  await inDirectory(async (path) => {
    const counted = countingReads(silent())
    const log = newLog(path, {}, counted.env)
    fill(log, readBytes, batch)
    for (const size of [64 * 1024, 1024 * 1024])
      rows.push(...(await sequentialRows(log, size, rounds, '', '>= 0.8')))
    rows.push(...(await seekRows(log, seeks, counted)))
    await log.close()
    const again = await reopened(log)
    for (const size of [64 * 1024, 1024 * 1024])
      rows.push(...(await sequentialRows(again, size, rounds, ' after a restart, checked')))
    again.release()
  })
  return rows
}

async function sequentialRows(
  log: Log,
  size: number,
  rounds: number,
  what: string,
  goal?: string,
): Promise<Row[]> {
  const times = await rounded(4 * rounds, async () => {
    const plainMs = msOf(() => readPlainly(log.segments.first.file.path, size))
    const startMs = performance.now()
    await readThrough(log, size)
    return { plainMs, oursMs: performance.now() - startMs }
  })
  const oursMs = median(times.map(({ oursMs }) => oursMs))
  const ratio = median(times.map(({ plainMs }) => plainMs)) / oursMs
  const name = `read, ${size / 1024} KiB at once${what}`
  return [
    { name, value: log.sizeBytes / 1e3 / oursMs, unit: 'MB/s' },
    { name: `${name}, to plain`, value: ratio, unit: 'ratio', ...(goal && { goal }) },
  ]
}

async function rounded<T>(rounds: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < rounds; i++) results.push(await run())
  return results
}

function readPlainly(path: string, size: number): void {
  const fd = openSync(path, 'r')
  const into = Buffer.allocUnsafeSlow(size)
  for (let at = 0; ; ) {
    const count = readSync(fd, into, 0, size, at)
    if (count === 0) break
    at += count
  }
  closeSync(fd)
}

async function readThrough(log: Log, size: number): Promise<void> {
  const perBatch = 16 // Records; the next offset is behind those that came.
  const batchBytes = log.sizeBytes / (log.logEndOffset / perBatch)
  for (let offset = 0; offset < log.logEndOffset; ) {
    const read = log.read(offset, size) ?? (await log.readLater(offset, size))
    if (read.records.length === 0) throw new Error(`Nothing at ${offset}: ${read.errorMessage}`)
    offset += Math.round(read.records.length / batchBytes) * perBatch
    read.release()
  }
}

async function seekRows(log: Log, seeks: number, counted: Counted): Promise<Row[]> {
  await log.readLater(0, 1) // The index is in memory from now on.
  const counts: number[] = []
  const startMs = performance.now()
  for (let i = 0; i < seeks; i++) {
    const offset = Math.floor(Math.random() * log.logEndOffset)
    const before = counted.reads()
    const read = log.read(offset, 1) ?? (await log.readLater(offset, 1))
    read.release()
    counts.push(counted.reads() - before)
  }
  const us = ((performance.now() - startMs) * 1000) / seeks
  return [
    { name: 'seek to a random offset', value: us, unit: 'us' },
    {
      name: 'seek to a random offset, most reads',
      value: Math.max(...counts),
      unit: 'reads',
      goal: '<= 2',
    },
  ]
}

interface Counted {
  readonly env: Env
  reads(): number
}

function countingReads(env: Env): Counted {
  let reads = 0
  const counting = (file: File): File =>
    new Proxy(file, {
      get(target, name: keyof File) {
        if (name === 'read' || name === 'readLater') reads++
        return (target[name] as (...all: unknown[]) => unknown).bind(target)
      },
    })
  const files = {
    ...env.files,
    open: (...where: Parameters<Env['files']['open']>) => counting(env.files.open(...where)),
  }
  return { env: { ...env, files }, reads: () => reads }
}
