/** The topics of the cluster's metadata, as groups see them. */
import type { ClusterImage, TopicImage } from '../../core/cluster/image.ts'
import type { GroupTopic, GroupTopics } from '../../core/group/topics.ts'

export class ImageTopics implements GroupTopics {
  readonly #image: () => ClusterImage

  constructor(image: () => ClusterImage) {
    this.#image = image
  }

  get version(): number {
    return this.#image().revision
  }

  byName(name: string): GroupTopic | undefined {
    return this.#seen(this.#image().topic(name))
  }

  byId(topicId: string): GroupTopic | undefined {
    return this.#seen(this.#image().topicById(topicId))
  }

  *names(): Generator<string> {
    for (const { name } of this.#image().topics()) yield name
  }

  #seen(topic: TopicImage | undefined): GroupTopic | undefined {
    if (!topic) return undefined
    const { topicId, name, partitions } = topic
    const racks = (partition: number) =>
      partitions[partition]!.replicas.flatMap((id) => this.#image().brokers.get(id)?.rack ?? [])
    return { topicId, name, partitionCount: partitions.length, racks }
  }
}
