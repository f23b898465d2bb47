/** What passes through a broker, counted once for each request, read or batch. Monitoring looks at it. */
import { partitionsPerRequestMax } from '../core/cluster/create-topics.ts'
import { LimitOfEach } from '../core/limit.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { Durations } from './durations.ts'
import { elementsMaxOfPartitions, elementsMaxUsual } from './handler.ts'
import { Told } from './told.ts'
import { TopicTraffics } from './topic-traffic.ts'

export class Traffic {
  /** By API key, then version. */
  readonly requests: number[][] = []
  /** By API key, then error code: how often it stood in an answer, in whichever place. */
  readonly errors: Map<number, number>[] = []
  /** By API key, from the read that brought a request to the write that answers it. */
  readonly durations: Durations[] = []
  readonly topics = new TopicTraffics()
  /** What has metrics of its own: each has some lines whenever somebody scrapes. */
  readonly told = { partitions: new Told(2000), groups: new Told(500), offsets: new Told(2000) }
  receivedBytes = 0
  sentBytes = 0
  /** Of batches that were appended as their leader. */
  readonly produced = { bytes: 0, records: 0, failed: 0 }
  /** Of batches that consumers were sent. */
  readonly fetched = { bytes: 0, failed: 0 }
  readonly replicated = { bytesIn: 0, bytesOut: 0 }
  /** Changes of partitions that this broker leads. */
  readonly isr = { shrinks: 0, expands: 0 }
  readonly requestBytes: LimitOfEach
  readonly elements = new LimitOfEach(elementsMaxUsual)
  readonly elementsOfPartitions = new LimitOfEach(elementsMaxOfPartitions)
  readonly batchBytes: LimitOfEach
  /** Of one request to make some. */
  readonly newPartitions = new LimitOfEach(partitionsPerRequestMax)
  /** Of configurations in one answer: a short request may name the same resource thousands of times. */
  readonly describedValues = new LimitOfEach(50_000)
  readonly offsetMetadata: LimitOfEach
  /** Groups that took no more members. */
  readonly groupsFull = { classic: 0, consumer: 0 }

  constructor(config: BrokerConfig) {
    this.requestBytes = new LimitOfEach(config.get('socket.request.max.bytes'))
    this.batchBytes = new LimitOfEach(config.get('message.max.bytes'))
    this.offsetMetadata = new LimitOfEach(config.get('offset.metadata.max.bytes'))
  }

  request(apiKey: number, apiVersion: number, bytes: number): void {
    this.requests[apiKey] ??= []
    const versions = this.requests[apiKey]
    versions[apiVersion] = (versions[apiVersion] ?? 0) + 1
    this.requestBytes.took(bytes)
  }

  answered(apiKey: number, ms: number): void {
    this.durations[apiKey] ??= new Durations()
    this.durations[apiKey].add(ms)
  }

  refused(apiKey: number, errorCodes: readonly number[]): void {
    this.errors[apiKey] ??= new Map()
    const counts = this.errors[apiKey]
    for (const code of errorCodes) counts.set(code, (counts.get(code) ?? 0) + 1)
  }

  /** The in-sync replicas of a partition that is led here, before and after. */
  isrChanged(before: readonly number[], after: readonly number[]): void {
    if (before.some((id) => !after.includes(id))) this.isr.shrinks++
    if (after.some((id) => !before.includes(id))) this.isr.expands++
  }
}
