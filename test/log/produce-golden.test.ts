import { describe, expect, test } from 'vitest'
import { readBatchHeader } from '../../protocol/record-batch.ts'
import type { LogConfig } from '../../src/log/log-config.ts'
import { goldenLines } from '../protocol/golden-lines.ts'
import { appendBatch, readAll, recordsIn } from './batches.ts'
import { temporaryLog } from './temporary-disk.ts'

interface ProduceCase {
  what: string
  topicConfig: string
  version: number
  records_hex: string
  errorCode: number | null
  answer: {
    responses: { partitionResponses: { recordErrors?: object[]; errorMessage?: string }[] }[]
  } | null
  stored_hex?: string
}

const parsers: Record<string, (value: string) => Partial<LogConfig>> = {
  'message.timestamp.before.max.ms': (v) => ({ messageTimestampBeforeMaxMs: Number(v) }),
  'message.timestamp.type': (v) => ({
    messageTimestampType: v as LogConfig['messageTimestampType'],
  }),
  'cleanup.policy': () => ({ cleanupPolicy: { delete: false, compact: true } }),
  'max.message.bytes': (v) => ({ maxMessageBytes: Number(v) }),
  'compression.type': (v) => ({
    compressionType: v === 'uncompressed' ? 'none' : (v as LogConfig['compressionType']),
  }),
}
const configOf = (text: string): Partial<LogConfig> =>
  Object.assign(
    {},
    ...text
      .split(';')
      .filter(Boolean)
      .map((one) => {
        const [name = '', value = ''] = one.split('=')
        return parsers[name]!(value)
      }),
  )

/** What the handler of Produce decides, not the log: null records, transactional ids, zstd by version. */
const notOfTheLog = /records null|transactional id|commit marker|zstd batch in Produce version [36]/
/** Kafka fails here with -1 in unexpected exceptions; the cause is the client's record, so: 87. */
const better = (code: number | null) => (code === -1 ? 87 : code)

const cases = goldenLines<ProduceCase>('produce.jsonl.gz').filter(
  ({ what }) => !notOfTheLog.test(what),
)

describe.each(cases)('a producer that sends: $what ($topicConfig)', (one) => {
  test('is answered and stored as by Kafka', async () => {
    const log = temporaryLog(configOf(one.topicConfig))
    const outcome = appendBatch(log, Buffer.from(one.records_hex, 'hex'))
    const kafka = one.answer?.responses[0]?.partitionResponses[0]
    expect(outcome.errorCode).toBe(better(one.errorCode))
    const comparable = (value: unknown) =>
      JSON.stringify(value)
        .replace(/within \[.*?\]/g, 'within []')
        .replace(/in message .*?\. Producer/g, 'in message. Producer')
        .replaceAll(/p-cleanup.policy-compact-0/g, 't-0')
    if (one.version >= 8 && kafka?.recordErrors?.length)
      expect(comparable(outcome.recordErrors)).toBe(comparable(kafka.recordErrors))
    if (one.version >= 8 && kafka?.errorMessage)
      expect(outcome.errorMessage).toBe(
        kafka.errorMessage.replaceAll(/p-cleanup.policy-compact-0/g, 't-0'),
      )
    if (one.stored_hex === undefined) return
    const ours = await readAll(log)
    const theirs = Buffer.from(one.stored_hex, 'hex')
    const { baseOffset: _, crc: __, maxTimestamp, batchLength, ...header } = readBatchHeader(theirs)
    const appendTime = one.topicConfig.includes('LogAppendTime')
    expect(readBatchHeader(ours)).toMatchObject({ ...header, ...(!appendTime && { maxTimestamp }) })
    if (!/gzip|snappy|lz4|zstd/.test(one.topicConfig)) {
      expect(ours.length - 12).toBe(batchLength)
      expect(ours.subarray(61).equals(theirs.subarray(61))).toBe(true)
    } else
      expect(recordsIn(ours).map(([, text]) => text)).toEqual(
        recordsIn(theirs).map(([, text]) => text),
      )
  })
})
