/** A partition of `__consumer_offsets` that this broker leads, as the journal of its groups. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { batchSizeOf, lastOffsetOf } from '../../../protocol/record-batch.ts'
import type { Broker } from '../broker.ts'
import type { Partition } from '../partition.ts'
import { Waiting } from '../waiting.ts'
import type { Journal } from './journal.ts'

/** Read at once while groups are loaded; in between other requests are served. */
const loadBytes = 1024 * 1024

export class PartitionJournal implements Journal {
  readonly #broker: Broker
  readonly #partition: Partition
  readonly #leaderEpoch: number

  constructor(broker: Broker, partition: Partition) {
    this.#broker = broker
    this.#partition = partition
    this.#leaderEpoch = partition.leaderEpoch
  }

  get endOffset(): number {
    return this.#partition.log?.logEndOffset ?? 0
  }

  get batchBytesMax(): number {
    return this.#partition.log?.config.maxMessageBytes ?? 0
  }

  appendError(): number {
    const error = this.#leaderError()
    if (error !== ErrorCode.NONE) return error
    const { image, minInsyncReplicas } = this.#partition
    return image.isr.length < minInsyncReplicas ? ErrorCode.NOT_ENOUGH_REPLICAS : ErrorCode.NONE
  }

  append(batch: Buffer): number {
    const error = this.#leaderError()
    if (error !== ErrorCode.NONE) return error
    const { errorCode } = this.#partition.stageOwn(batch)
    if (errorCode !== ErrorCode.NONE) return errorCode
    const { appends } = this.#broker
    let failed = false
    appends.afterWrite(() => {
      failed = appends.failed(this.#partition)
    })
    appends.write()
    return failed ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.NONE
  }

  whenCommitted(offset: number, done: (errorCode: number) => void): void {
    const tryFinish = () => {
      const error = this.#leaderError()
      if (error !== ErrorCode.NONE) {
        done(error)
        return true
      }
      const end = this.#partition.log?.highWatermark ?? -1
      if (end < offset || !this.#partition.mayAnswer()) return false
      done(ErrorCode.NONE)
      return true
    }
    this.#partition.advance()
    if (tryFinish()) return
    const waitMs = this.#broker.config.get('offsets.commit.timeout.ms')
    const expire = () => done(ErrorCode.REQUEST_TIMED_OUT)
    new Waiting(this.#broker.env.timers, [this.#partition.waiting], waitMs, { tryFinish, expire })
  }

  /** Reads what is written, not only what is committed: a new leader's log is the truth. */
  async load(take: (batches: Buffer) => void): Promise<void> {
    let offset = this.#partition.log?.logStartOffset ?? 0
    for (;;) {
      const { log } = this.#partition
      if (!log || this.#leaderError() !== ErrorCode.NONE) throw new Error('The partition moved')
      if (offset >= log.logEndOffset) return
      const read = await log.readLater(offset, loadBytes, { upTo: log.logEndOffset })
      try {
        if (read.errorCode !== ErrorCode.NONE) throw new Error(read.errorMessage)
        if (read.records.length === 0) return
        take(read.records)
        offset = endOf(read.records)
      } finally {
        read.release()
      }
    }
  }

  #leaderError(): number {
    const isSame = this.#partition.leaderEpoch === this.#leaderEpoch
    return isSame ? this.#partition.leaderError() : ErrorCode.NOT_LEADER_OR_FOLLOWER
  }
}

/** The offset behind the last batch. */
function endOf(batches: Buffer): number {
  let end = 0
  for (let at = 0; at < batches.length; at += batchSizeOf(batches, at))
    end = lastOffsetOf(batches, at) + 1
  return end
}
