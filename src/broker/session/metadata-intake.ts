/** Metadata as it comes from the coordinator, put into the broker's copy. */
import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import { type ClusterRecord, decodeRecords } from '../../../protocol/coordinator/record.ts'
import { ClusterImage } from '../../core/cluster/image.ts'
import { applyAll, difference, type ImageChange } from '../../core/cluster/image-change.ts'

export class MetadataIntake {
  readonly #image: ClusterImage
  /** Parts of a snapshot that is not whole yet. */
  #parts: Buffer[] = []

  constructor(image: ClusterImage) {
    this.#image = image
  }

  /** A new connection: a snapshot comes first. */
  begin(): void {
    this.#parts = []
  }

  /** `gap`: changes are missing between the image and these; a new snapshot is needed. */
  take(message: MessageOf<'metadata'>): ImageChange | 'part' | 'gap' {
    if (message.snapshot === 0 && message.fromRevision !== this.#image.revision) return 'gap'
    if (message.snapshot !== 0) this.#parts.push(Buffer.from(message.records))
    if (message.snapshot === 1) return 'part'
    const records = message.snapshot === 0 ? decodeRecords(message.records) : this.#jump()
    const waits = new Map(
      message.serveAfter.map((item) => [keyOf(item), item.serveAfterMs] as const),
    )
    return applyAll(
      this.#image,
      records,
      message.toRevision,
      (partition) => waits.get(keyOf(partition)) ?? 0,
    )
  }

  #jump(): ClusterRecord[] {
    const target = ClusterImage.from(this.#parts.flatMap((part) => decodeRecords(part)))
    this.#parts = []
    return [...difference(this.#image, target)]
  }
}

function keyOf(item: { topicId: string; partition: number; leaderEpoch: number }): string {
  return `${item.topicId}/${item.partition}/${item.leaderEpoch}`
}
