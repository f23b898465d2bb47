/**
 * How long the hot messages take to decode and to encode, after every message has been through the
 * codecs once, so that nothing is tuned to a single shape. Run it: `npx tsx bench/micro/codecs.ts`.
 */
import { Reader } from '../../protocol/bytes.ts'
import { FrameWriter } from '../../protocol/frame.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { OffsetCommit } from '../../protocol/messages/offset-commit.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { Api, Encodable, Fields } from '../../protocol/schema.ts'

const topicId = 'abcdefghijklmnopqrstug'
const records = Buffer.alloc(200, 1)

/** One topic and one partition: what most requests of a busy client carry. */
const produceRequest = {
  transactionalId: null,
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ name: 'orders', topicId, partitionData: [{ index: 3, records }] }],
}
const produceResponse = {
  responses: [
    {
      name: 'orders',
      topicId,
      partitionResponses: [
        {
          index: 3,
          errorCode: 0,
          baseOffset: 123_456_789,
          logStartOffset: 0,
          recordErrors: [],
          errorMessage: null,
        },
      ],
    },
  ],
}
const fetchRequest = {
  maxWaitMs: 500,
  minBytes: 1,
  topics: [
    {
      topic: 'orders',
      topicId,
      partitions: [
        {
          partition: 3,
          currentLeaderEpoch: 7,
          fetchOffset: 123_456_789,
          partitionMaxBytes: 2 ** 20,
        },
      ],
    },
  ],
  forgottenTopicsData: [],
}
const fetchResponse = {
  errorCode: 0,
  sessionId: 12_345,
  responses: [
    {
      topic: 'orders',
      topicId,
      partitions: [
        {
          partitionIndex: 3,
          errorCode: 0,
          highWatermark: 123_456_790,
          lastStableOffset: 123_456_790,
          logStartOffset: 0,
          abortedTransactions: null,
          records: Buffer.alloc(16_384, 1),
        },
      ],
    },
  ],
}
const offsetCommitRequest = {
  groupId: 'billing',
  generationIdOrMemberEpoch: 5,
  memberId: 'consumer-1-2f9a6a5e-9f55-4fc3-94cb-6b7f2f0b7e53',
  groupInstanceId: null,
  topics: [
    {
      name: 'orders',
      topicId,
      partitions: Array.from({ length: 10 }, (_, partitionIndex) => ({
        partitionIndex,
        committedOffset: 1000 + partitionIndex,
        committedMetadata: '',
      })),
    },
  ],
}
const metadataResponse = {
  brokers: [{ nodeId: 1, host: 'broker-1.example.com', port: 9092 }],
  clusterId: 'TnQ4dM0pQm2nYxJ0Zc3z9A',
  controllerId: 1,
  topics: Array.from({ length: 100 }, (_, i) => ({
    errorCode: 0,
    name: `topic-${i}`,
    topicId,
    partitions: Array.from({ length: 6 }, (_, partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: 1,
      leaderEpoch: 3,
      replicaNodes: [1, 2, 3],
      isrNodes: [1, 2, 3],
    })),
  })),
}

type Step = { readonly name: string; run(): void }

function decodes(
  name: string,
  part: (version: number) => { read(reader: Reader): unknown },
  version: number,
  encoded: (writer: FrameWriter) => void,
  headerBytes: number,
): Step {
  const writer = new FrameWriter()
  encoded(writer)
  const bytes = Buffer.concat(writer.take())
  return {
    name: `decode ${name} v${version}`,
    run: () => void part(version).read(new Reader(bytes, headerBytes)),
  }
}

function requestSteps<F extends Fields>(
  api: Api<F, any>,
  apiVersion: number,
  body: Encodable<F>,
): Step[] {
  const writer = new FrameWriter()
  const header = { apiVersion, correlationId: 1, clientId: null }
  const encode = (writer: FrameWriter) => writer.request(api, header, body)
  const headerBytes = 14 + (apiVersion >= api.flexible ? 1 : 0)
  return [
    decodes(`${api.name} request`, api.request, apiVersion, encode, headerBytes),
    {
      name: `encode ${api.name} request v${apiVersion}`,
      run: () => {
        encode(writer)
        writer.take()
      },
    },
  ]
}

function responseSteps<F extends Fields>(
  api: Api<any, F>,
  apiVersion: number,
  body: Encodable<F>,
): Step[] {
  const writer = new FrameWriter()
  const encode = (writer: FrameWriter) =>
    writer.response(api, { apiVersion, correlationId: 1 }, body)
  const headerBytes = 8 + (apiVersion >= api.flexible ? 1 : 0)
  return [
    decodes(`${api.name} response`, api.response, apiVersion, encode, headerBytes),
    {
      name: `encode ${api.name} response v${apiVersion}`,
      run: () => {
        encode(writer)
        writer.take()
      },
    },
  ]
}

export const steps: readonly Step[] = [
  ...[7, 9, 13].flatMap((version) => requestSteps(Produce, version, produceRequest)),
  ...[7, 13].flatMap((version) => responseSteps(Produce, version, produceResponse)),
  ...[11, 18].flatMap((version) => requestSteps(Fetch, version, fetchRequest)),
  ...[11, 18].flatMap((version) => responseSteps(Fetch, version, fetchResponse)),
  ...requestSteps(OffsetCommit, 9, offsetCommitRequest),
  ...responseSteps(Metadata, 12, metadataResponse),
]

/** Nanoseconds per run of each step: the least of several rounds. */
export function measure(runs: number, rounds: number): { name: string; nanoseconds: number }[] {
  const least = new Map<Step, number>()
  for (let round = 0; round < rounds; round++) {
    for (const step of steps) {
      const start = process.hrtime.bigint()
      for (let i = 0; i < runs; i++) step.run()
      const nanoseconds = Number(process.hrtime.bigint() - start) / runs
      least.set(step, Math.min(nanoseconds, least.get(step) ?? Infinity))
    }
  }
  return [...least].map(([{ name }, nanoseconds]) => ({ name, nanoseconds }))
}

if (process.argv[1] === import.meta.filename) {
  for (const { name, nanoseconds } of measure(20_000, 5))
    console.log(`${name.padEnd(34)} ${Math.round(nanoseconds).toString().padStart(8)} ns`)
}
