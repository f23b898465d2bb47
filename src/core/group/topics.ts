/** What groups need to know of the topics in the cluster. */
export interface GroupTopic {
  readonly topicId: string
  readonly name: string
  readonly partitionCount: number
  /** Racks of the replicas, those that have one. */
  racks(partition: number): readonly string[]
}

export interface GroupTopics {
  /** Grows with every change of the cluster's metadata. */
  readonly version: number
  byName(name: string): GroupTopic | undefined
  byId(topicId: string): GroupTopic | undefined
  names(): Iterable<string>
}
