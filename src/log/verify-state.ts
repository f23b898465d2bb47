/**
 * What follows from the batches of a log, for a verification: under which leader epoch each was written, and which
 * transactions were aborted. The files that say the same are held against it.
 */
import { controlTypeOf, controlTypes } from '../../protocol/control-record.ts'
import { isControl, leaderEpochOf, producerIdOf } from '../../protocol/record-batch.ts'
import { recordsOf } from '../../protocol/records.ts'
import { type CompletedTransaction, ProducerStates } from '../core/producer/producer-states.ts'
import { LeaderEpochs } from '../core/replication/leader-epochs.ts'
import type { Files } from '../env/env.ts'
import type { BatchScanner } from './batch-scanner.ts'
import { parseEpochs } from './checkpoint.ts'
import { fileName, leaderEpochFile, suffixes } from './file-names.ts'
import { parseSnapshot } from './producer-snapshot.ts'
import { applyBatch } from './producer-store.ts'
import { type AbortedTransaction, readAbortedTransactions } from './transaction-index.ts'

/** Of a marker: only one record, and a small one. */
const markerBytesMax = 1024

export class VerifiedState {
  readonly #files: Files
  /** As their file has them; `undefined` when it says nothing, or was found wrong already. */
  #epochs: LeaderEpochs | undefined
  readonly #producers = new ProducerStates()
  /** Of the segment at hand: what was aborted, and by whom at which offset. */
  #aborted: CompletedTransaction[] = []
  readonly #markers = new Map<number, number>()
  /** From the first damage on nothing follows any more. */
  #isUncertain = false

  /** `firstOffset` is where the first segment begins. */
  constructor(files: Files, directory: string, firstOffset: number) {
    this.#files = files
    this.#epochs = read(() => {
      const entries = parseEpochs(files.readFile(`${directory}/${leaderEpochFile}`))
      return entries.length === 0 ? undefined : new LeaderEpochs(entries)
    })
    const snapshot = `${directory}/${fileName(firstOffset, suffixes.snapshot)}`
    read(() => this.#producers.load(parseSnapshot(files.readFile(snapshot))))
  }

  /** A batch was damaged. */
  damaged(): void {
    this.#isUncertain = true
  }

  /** The next batch, which is whole. Returns what is wrong with its epoch, once for a log. */
  batch({ bytes, at, baseOffset, lastOffset }: BatchScanner): string | undefined {
    const completed = applyBatch(this.#producers, bytes, at)
    if (isControl(bytes, at)) {
      const [marker] = recordsOf(bytes, at, markerBytesMax)
      if (marker && controlTypeOf(marker.key) === controlTypes.abort)
        this.#markers.set(lastOffset, producerIdOf(bytes, at))
    }
    if (completed?.aborted) this.#aborted.push(completed)
    const epoch = leaderEpochOf(bytes, at)
    const known = this.#epochs?.epochAt(baseOffset)
    if (known === undefined || known === epoch) return undefined
    // A process that was killed need not have written those that came last.
    if (known === this.#epochs?.latest && epoch > known) return undefined
    this.#epochs = undefined
    return `offset ${baseOffset} was written in leader epoch ${epoch}, not ${known}`
  }

  /** What is wrong with the transaction index of the segment whose batches came since the last call. */
  *transactionFaults(path: string): Generator<string> {
    const expected = this.#aborted
    const markers = new Map(this.#markers)
    this.#aborted = []
    this.#markers.clear()
    const exists = this.#files.stat(path) !== undefined
    const found = exists ? read(() => readAbortedTransactions(this.#files.readFile(path))) : []
    if (found === undefined || this.#isUncertain) return // That it cannot be read was found already.
    for (const transaction of expected)
      if (!found.some((one) => isSame(one, transaction))) yield `lacks ${textOf(transaction)}`
    // One whose records compaction has removed is still there, and nothing else tells where it began.
    for (const transaction of found)
      if (markers.get(transaction.lastOffset) !== transaction.producerId)
        yield `has ${textOf(transaction)}, which no marker there aborts`
  }
}

type Named = Pick<AbortedTransaction, 'producerId' | 'firstOffset' | 'lastOffset'>

const isSame = (a: Named, b: Named) =>
  a.producerId === b.producerId && a.firstOffset === b.firstOffset && a.lastOffset === b.lastOffset

const textOf = ({ producerId, firstOffset, lastOffset }: Named) =>
  `the aborted transaction of producer ${producerId} from offset ${firstOffset} to ${lastOffset}`

/** What is wrong with a file by itself is found elsewhere. */
function read<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
