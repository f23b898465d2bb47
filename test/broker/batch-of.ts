import { buildBatch } from '../../protocol/build-batch.ts'

/** One batch as a client sends it, with these values, made now. */
export function batchOf(values: readonly string[]): Buffer {
  const timestamp = Date.now()
  return buildBatch({ records: values.map((value) => ({ timestamp, value: Buffer.from(value) })) })
}
