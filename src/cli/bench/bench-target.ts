/** The broker that is measured: topics for the load, and what its process costs. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { apis } from '../../../protocol/apis.ts'
import { Reader } from '../../../protocol/bytes.ts'
import { errorByCode } from '../../../protocol/errors.ts'
import { FrameReader, FrameWriter } from '../../../protocol/frame.ts'
import { readResponseHeader } from '../../../protocol/header.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { ListOffsets } from '../../../protocol/messages/list-offsets.ts'
import type { Api } from '../../../protocol/schema.ts'

export interface BenchTarget {
  readonly host: string
  readonly port: number
  /** The broker's process on this machine, for its CPU time and memory; left out when remote. */
  readonly processId?: number | undefined
}

/** An answer or a connection was not as it must be: the measurement counts for nothing. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}

const answerMsMax = 30_000
const leaderMsMax = 60_000

/** One request on a connection of its own. @throws BenchError when no answer comes */
export function askOnce<Request extends object>(
  { host, port }: BenchTarget,
  api: Api<any, any>,
  version: number,
  body: Request,
): Promise<any> {
  const writer = new FrameWriter()
  const header = { apiVersion: version, correlationId: 1, clientId: 'ottla-bench' }
  writer.request(api, header, body as never)
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const frames = new FrameReader()
    const fail = (why: string) => {
      socket.destroy()
      reject(new BenchError(`${api.name} to ${host}:${port}: ${why}`))
    }
    socket.setTimeout(answerMsMax, () => fail(`no answer within ${answerMsMax} ms`))
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('the connection was closed'))
    socket.on('data', (chunk) => {
      const [frame] = frames.feed(chunk)
      if (frame === undefined) return
      socket.removeAllListeners('close')
      socket.destroy()
      const reader = new Reader(frame)
      readResponseHeader(reader, api, version)
      resolve(api.response(version).read(reader))
    })
    socket.write(Buffer.concat(writer.take()))
  })
}

export function expectNoError(errorCode: number, what: string): void {
  if (errorCode !== 0) throw new BenchError(`${what}: ${errorByCode(errorCode)?.name ?? errorCode}`)
}

export const apiByName = new Map(apis.map((api) => [api.name, api]))

/**
 * The settings of every topic that is measured: the live log stays small, so that its pages are in
 * the cache, and old segments go while the load runs.
 */
export const loadTopicConfigs = {
  'segment.bytes': `${64 * 1024 * 1024}`,
  'retention.bytes': `${64 * 1024 * 1024}`,
  'file.delete.delay.ms': '100',
  'max.message.bytes': `${8 * 1024 * 1024}`,
}

/** Creates a topic and waits until each partition has a leader. */
export async function createTopic(
  target: BenchTarget,
  name: string,
  numPartitions: number,
  configs: Record<string, string> = {},
  replicationFactor = 1,
): Promise<void> {
  const all = Object.entries({ ...loadTopicConfigs, ...configs })
  const entries = all.map(([key, value]) => ({ name: key, value }))
  const { topics } = await askOnce(target, CreateTopics, 5, {
    topics: [{ name, numPartitions, replicationFactor, assignments: [], configs: entries }],
    timeoutMs: 60_000,
    validateOnly: false,
  })
  expectNoError(topics[0].errorCode, `Creating ${name} with ${numPartitions} partitions`)
  await untilLed(target, name, numPartitions)
}

/** Metadata tells of a leader before it serves: what counts is that it answers. */
async function untilLed(target: BenchTarget, name: string, numPartitions: number): Promise<void> {
  const until = Date.now() + leaderMsMax
  const partitions = Array.from({ length: numPartitions }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: -1,
  }))
  for (;;) {
    const topics = [{ name, partitions }]
    const answer = await askOnce(target, ListOffsets, 1, { replicaId: -1, topics })
    const ready = answer.topics[0].partitions.filter((one: any) => one.errorCode === 0)
    if (ready.length === numPartitions) return
    if (Date.now() > until) {
      const count = `${ready.length} of ${numPartitions} partitions`
      throw new BenchError(`${count} of ${name} were served after ${leaderMsMax} ms`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function deleteTopic(target: BenchTarget, name: string): Promise<void> {
  await askOnce(target, DeleteTopics, 4, { topicNames: [name], timeoutMs: 30_000 })
}

/** CPU seconds and resident bytes of a process; `undefined` where there is no /proc. */
export function processCost(
  processId: number | undefined,
): { cpuSeconds: number; residentBytes: number } | undefined {
  if (processId === undefined) return undefined
  try {
    const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1]!.split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const status = readFileSync(`/proc/${processId}/status`, 'utf8')
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
    return { cpuSeconds: ticks / 100, residentBytes: kilobytes * 1024 }
  } catch {
    return undefined
  }
}
