import type { GroupTopic, GroupTopics } from '../../../src/core/group/topics.ts'

/** Topics that a test says there are; change `list` and `version` to change them. */
export class SomeTopics implements GroupTopics {
  version = 1
  list: readonly Omit<GroupTopic, 'racks'>[]

  constructor(list: readonly Omit<GroupTopic, 'racks'>[]) {
    this.list = list
  }

  byName(name: string): GroupTopic | undefined {
    return this.#with(this.list.find((topic) => topic.name === name))
  }

  byId(topicId: string): GroupTopic | undefined {
    return this.#with(this.list.find((topic) => topic.topicId === topicId))
  }

  names(): string[] {
    return this.list.map(({ name }) => name)
  }

  #with(topic: Omit<GroupTopic, 'racks'> | undefined): GroupTopic | undefined {
    return topic && { ...topic, racks: () => [] }
  }
}
