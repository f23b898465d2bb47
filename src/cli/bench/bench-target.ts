/** The broker that is measured: topics for the load, and what its process costs. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { apis } from '../../../protocol/apis.ts'
import { Reader } from '../../../protocol/bytes.ts'
import { ErrorCode, errorByCode } from '../../../protocol/errors.ts'
import { FrameReader, FrameWriter } from '../../../protocol/frame.ts'
import { readResponseHeader } from '../../../protocol/header.ts'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { ListOffsets } from '../../../protocol/messages/list-offsets.ts'
import { Metadata } from '../../../protocol/messages/metadata.ts'
import type { Api } from '../../../protocol/schema.ts'

export interface BenchTarget {
  readonly host: string
  readonly port: number
  /** The broker's process on this machine, or those of a cluster, for CPU time and memory. */
  readonly processId?: number | readonly number[] | undefined
}

/** An answer or a connection was not as it must be: the measurement counts for nothing. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}

const answerMsMax = 30_000
/** Creating and deleting ten thousand partitions takes a broker its time. */
const adminMsMax = 180_000
const leaderMsMax = 180_000

/** One request on a connection of its own. @throws BenchError when no answer comes */
export function askOnce<Request extends object>(
  { host, port }: BenchTarget,
  api: Api<any, any>,
  version: number,
  body: Request,
  msMax = answerMsMax,
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
    socket.setTimeout(msMax, () => fail(`no answer within ${msMax} ms`))
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

/** Kafka refuses a request that makes as many as ten thousand. */
const partitionsAtOnceMax = 2500

/** Creates a topic and waits until each partition has a leader that answers. */
export async function createTopic(
  target: BenchTarget,
  name: string,
  numPartitions: number,
  configs: Record<string, string> = {},
  replicationFactor = 1,
): Promise<void> {
  const all = Object.entries({ ...loadTopicConfigs, ...configs })
  const entries = all.map(([key, value]) => ({ name: key, value }))
  const request = {
    topics: [
      {
        ...{ name, replicationFactor, assignments: [], configs: entries },
        numPartitions: Math.min(numPartitions, partitionsAtOnceMax),
      },
    ],
    timeoutMs: 60_000,
    validateOnly: false,
  }
  const { topics } = await askOnce(target, CreateTopics, 5, request, adminMsMax)
  expectNoError(topics[0].errorCode, `Creating ${name} with ${numPartitions} partitions`)
  for (let made = partitionsAtOnceMax; made < numPartitions; ) {
    made = Math.min(made + partitionsAtOnceMax, numPartitions)
    await addPartitions(target, name, made)
  }
  await untilLed(target, name, numPartitions)
}

async function addPartitions(target: BenchTarget, name: string, count: number): Promise<void> {
  const topics = [{ name, count, assignments: null }]
  const request = { topics, timeoutMs: 60_000, validateOnly: false }
  const until = Date.now() + leaderMsMax
  for (;;) {
    const { results } = await askOnce(target, CreatePartitions, 1, request, adminMsMax)
    if (results[0].errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || Date.now() > until)
      return expectNoError(results[0].errorCode, `Growing ${name} to ${count} partitions`)
    // The broker that was asked has not heard of the topic yet.
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Metadata tells of a leader before it serves: what counts is that it answers. */
export async function untilLed(
  target: BenchTarget,
  name: string,
  numPartitions: number,
): Promise<void> {
  const until = Date.now() + leaderMsMax
  for (;;) {
    const ready = await servedPartitions(target, name)
    if (ready === numPartitions) return
    if (Date.now() > until) {
      const count = `${ready} of ${numPartitions} partitions`
      throw new BenchError(`${count} of ${name} were served after ${leaderMsMax} ms`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** How many partitions their leaders answer for. */
async function servedPartitions(target: BenchTarget, name: string): Promise<number> {
  let ready = 0
  for (const { where, partitions } of await leadersOf(target, name)) {
    const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp: -1 }))
    const topics = [{ name, partitions: asked }]
    const answer = await askOnce(where, ListOffsets, 1, { replicaId: -1, topics })
    ready += answer.topics[0].partitions.filter((one: any) => one.errorCode === 0).length
  }
  return ready
}

export interface Led {
  /** A broker … */
  readonly where: BenchTarget
  /** … and what it leads of the topic. */
  readonly partitions: readonly number[]
}

/** Who leads what of a topic; partitions without a leader are left out. */
export async function leadersOf(target: BenchTarget, name: string): Promise<Led[]> {
  const { topics, brokers } = await askOnce(target, Metadata, 1, { topics: [{ name }] })
  const led = new Map<number, number[]>(brokers.map(({ nodeId }: any) => [nodeId, []]))
  for (const { errorCode, partitionIndex, leaderId } of topics[0].partitions)
    if (errorCode === 0) led.get(leaderId)?.push(partitionIndex)
  return brokers.flatMap(({ nodeId, host, port }: any) => {
    const partitions = led.get(nodeId)!.sort((a, b) => a - b)
    // A single broker is asked where it was found: its advertised address may mean another network.
    const where = brokers.length === 1 ? target : { host, port }
    return partitions.length === 0 ? [] : [{ where, partitions }]
  })
}

/**
 * For each connection of a load where it goes and which partitions it may use there: leaders get
 * connections in turn, all of them at least one.
 */
export async function lanesOf(
  target: BenchTarget,
  topic: string,
  connections: number,
): Promise<readonly Led[]> {
  const led = await leadersOf(target, topic)
  return Array.from({ length: Math.max(connections, led.length) }, (_, i) => led[i % led.length]!)
}

export async function deleteTopic(target: BenchTarget, name: string): Promise<void> {
  const request = { topicNames: [name], timeoutMs: 30_000 }
  await askOnce(target, DeleteTopics, 4, request, adminMsMax)
}

/** CPU seconds and resident bytes, summed over processes; `undefined` where there is no /proc. */
export function processCost(
  processId: number | readonly number[] | undefined,
): { cpuSeconds: number; residentBytes: number } | undefined {
  if (processId === undefined) return undefined
  const total = { cpuSeconds: 0, residentBytes: 0 }
  try {
    for (const one of [processId].flat()) {
      const fields = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1]!.split(' ')
      total.cpuSeconds += (Number(fields[11]) + Number(fields[12])) / 100
      const status = readFileSync(`/proc/${one}/status`, 'utf8')
      total.residentBytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
    }
    return total
  } catch {
    return undefined
  }
}

/** CPU seconds that all processes of this machine have used; `undefined` where there is no /proc. */
export function machineCpuSeconds(): number | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number)
    return (user + nice + system + irq + softirq + steal) / 100
  } catch {
    return undefined
  }
}
