/**
 * Batches that unpack to much: 59 kB can hold 100 MiB, which is a tenth of a second and more for whoever unpacks it. That
 * is done on one thread, started with the first such batch.
 */
import { CompressionError } from '../../protocol/compression.ts'
import { batchSizeOf } from '../../protocol/record-batch.ts'
import { InvalidRecordError, recordBytesOf } from '../../protocol/records.ts'
import type { Env, Thread } from '../env/env.ts'
import { type BatchWork, type BatchWorkDone, doBatchWork, type WantedRecord } from './batch-work.ts'
import type { KeptRecords } from './compaction-rewrite.ts'

/** A millisecond or three. */
const smallBytesMaxDefault = 1 << 20

/** A file beside this one, when it is bundled as when it is not. */
const threadModule = import.meta.url.endsWith('.ts')
  ? new URL('./batch-work-thread.ts', import.meta.url)
  : new URL('./batch-work-thread.mjs', import.meta.url)

export class LargeBatches {
  readonly #env: Env
  readonly #thread: Thread | undefined
  readonly #smallBytesMax: number

  /** @param smallBytesMax packed or not: more is left to the thread */
  constructor(env: Env, smallBytesMax = smallBytesMaxDefault) {
    this.#env = env
    this.#smallBytesMax = smallBytesMax
    this.#thread = env.threads?.open(threadModule)
  }

  /** The unpacked records of a batch, at once; `undefined` when it is large. Throws CompressionError. */
  unpackSmall(bytes: Buffer, at: number, bytesMax: number): Buffer | undefined {
    if (batchSizeOf(bytes, at) > this.#smallBytesMax) return undefined
    try {
      return recordBytesOf(bytes, at, Math.min(bytesMax, this.#smallBytesMax))
    } catch (error) {
      const isLarge = error instanceof CompressionError && error.isTooLarge
      if (isLarge && this.#smallBytesMax < bytesMax) return undefined
      throw error
    }
  }

  /** The unpacked records of a whole batch. Rejects with CompressionError. */
  async unpack(batch: Buffer, bytesMax: number): Promise<Buffer> {
    return bytesOf(await this.#do({ kind: 'unpack', batch: copied(batch), bytesMax }))
  }

  /** The batch with these of its records. Rejects with CompressionError or InvalidRecordError. */
  async rewrite(batch: Buffer, kept: KeptRecords, bytesMax: number): Promise<Buffer> {
    return bytesOf(await this.#do({ kind: 'rewrite', batch: copied(batch), bytesMax, kept }))
  }

  /** The first record of a whole batch that is wanted. Rejects with CompressionError or InvalidRecordError. */
  async find(
    batch: Buffer,
    wanted: WantedRecord,
    bytesMax: number,
  ): Promise<WantedRecord | undefined> {
    const done = await this.#do({ kind: 'find', batch: copied(batch), bytesMax, wanted })
    return 'found' in done ? done.found : undefined
  }

  async #do(work: BatchWork): Promise<BatchWorkDone> {
    const done =
      this.#thread === undefined
        ? await this.#inLoop(work)
        : ((await this.#thread.ask(work, [work.batch.buffer as ArrayBuffer])) as BatchWorkDone)
    if (!('fault' in done)) return done
    throw done.fault === 'record'
      ? new InvalidRecordError(done.message)
      : new CompressionError(done.message)
  }

  #inLoop(work: BatchWork): Promise<BatchWorkDone> {
    return new Promise((resolve) => this.#env.timers.soon(() => resolve(doBatchWork(work))))
  }

  close(): void {
    this.#thread?.close()
  }
}

/** In memory of its own, which can be given away. */
const copied = (bytes: Buffer) => Buffer.from(new Uint8Array(bytes).buffer)

function bytesOf(done: BatchWorkDone): Buffer {
  if (!('bytes' in done)) throw new Error('A thread has not answered what it was asked')
  const { buffer, byteOffset, length } = done.bytes
  return Buffer.from(buffer, byteOffset, length)
}
