/**
 * What a request costs without a socket: from the bytes of a frame to the bytes of its answer, with the
 * log behind it, and the look-up in an index of an offset.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FrameWriter } from '../../protocol/frame.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { ClientConnection } from '../../src/broker/connection.ts'
import type { Node } from '../../src/broker/node.ts'
import {
  fetchFrame,
  loadBatch,
  produceErrorAt,
  produceFrame,
} from '../../src/cli/bench/load-frames.ts'
import type { Connection } from '../../src/env/env.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startNode } from '../../src/index.ts'
import { defaultLogConfig } from '../../src/log/log-config.ts'
import { LogDisk } from '../../src/log/log-disk.ts'
import { Segments } from '../../src/log/segments.ts'

const topic = 'micro'

function frameOf(write: (writer: FrameWriter) => void): Buffer {
  const writer = new FrameWriter()
  write(writer)
  return Buffer.concat(writer.take())
}

/** A peer that takes every answer at once and keeps those of the last write. */
class Sink implements Connection {
  readonly remoteHost = '127.0.0.1'
  readonly remotePort = 1
  readonly pendingBytes = 0
  readonly unsentBytes = 0
  answered: () => void = () => {}
  last: readonly Buffer[] = []

  write(chunks: readonly Buffer[], onWritten?: () => void): boolean {
    this.last = chunks
    onWritten?.()
    this.answered()
    return true
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

function clientOf(node: Node): { sink: Sink; client: ClientConnection } {
  const sink = new Sink()
  return { sink, client: new ClientConnection(node.broker!, sink, node.advertised[0]!) }
}

async function createTopic(node: Node): Promise<void> {
  const { sink, client } = clientOf(node)
  const answered = new Promise<void>((done) => {
    sink.answered = done
  })
  const topics = [
    { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
  ]
  const body = { topics, timeoutMs: 30_000, validateOnly: false }
  const header = { apiVersion: 5, correlationId: 1, clientId: 'micro' }
  client.onData(frameOf((writer) => writer.request(CreateTopics, header, body)))
  await answered
}

const produces = 'dispatch: Produce'

/** What a read brings: frames that are answered within the call. */
const frames = (): Readonly<Record<string, Buffer>> => {
  const batch = (batchBytes: number) => loadBatch({ batchBytes, recordBytes: 100, codec: 'none' })
  const header = { correlationId: 1, clientId: 'micro' }
  return {
    'dispatch: ApiVersions': frameOf((writer) =>
      writer.request(ApiVersions, { ...header, apiVersion: 2 }, {}),
    ),
    [`${produces} of 1 KiB, with its write`]: produceFrame(topic, 0, 1, batch(1024)),
    [`${produces} of 1 KiB, eight in a read`]: Buffer.concat(
      Array(8).fill(produceFrame(topic, 0, 1, batch(1024))),
    ),
    [`${produces} of 16 KiB, with its write`]: produceFrame(topic, 0, 1, batch(16_384)),
    'dispatch: Fetch of 64 KiB': fetchFrame(topic, 0, 0, 65_536),
  }
}

function expectStored(name: string, answers: readonly Buffer[]): void {
  for (const answer of answers) {
    const errorCode = answer.readInt16BE(4 + produceErrorAt(topic))
    if (errorCode !== 0) throw new Error(`${name}: refused with ${errorCode}`)
  }
}

export interface Cost {
  readonly name: string
  readonly nanoseconds: number
}

async function leastOf(
  name: string,
  runs: number,
  rounds: number,
  run: (i: number) => void,
): Promise<Cost> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < runs; i += 1) run(i)
    least = Math.min(least, Number(process.hrtime.bigint() - start) / runs)
    // Records for which one turn of the event loop has no time are looked at on a thread.
    await new Promise(setImmediate)
  }
  return { name, nanoseconds: least }
}

/** @throws Error when a request was not answered, or refused: its cost would mean nothing */
export async function measure(runs: number, rounds: number): Promise<Cost[]> {
  const dir = mkdtempSync(join(tmpdir(), 'ottla-micro-'))
  const node = await startNode({ 'log.dirs': join(dir, 'data') })
  try {
    await createTopic(node)
    const costs: Cost[] = []
    for (const [name, frame] of Object.entries(frames())) {
      const { sink, client } = clientOf(node)
      let answers = 0
      sink.answered = () => {
        answers += 1
      }
      // The broker stamps batches in place: a second time they would be refused.
      const read = Buffer.alloc(frame.length)
      const receive = () => {
        frame.copy(read)
        client.onData(read)
        if (name.startsWith(produces)) expectStored(name, sink.last)
      }
      costs.push(await leastOf(name, runs, rounds, receive))
      if (answers !== runs * rounds)
        throw new Error(`${name}: ${answers} of ${runs * rounds} reads were answered`)
    }
    const segments = new Segments(new LogDisk(nodeEnv(), dir), dir)
    const { offsetIndex: index } = segments.create(0, defaultLogConfig)
    const entries = 16_384
    for (let i = 0; i < entries; i += 1) index.add((i + 1) * 40, (i + 1) * 4096)
    const look = (i: number) => void index.positionFor((i * 7919) % (entries * 40))
    return [...costs, await leastOf('index look-up, 64 MiB segment', runs * 10, rounds, look)]
  } finally {
    await node.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename)
  for (const { name, nanoseconds } of await measure(2000, 5))
    console.log(`${name.padEnd(44)} ${nanoseconds.toFixed(0).padStart(9)} ns`)
