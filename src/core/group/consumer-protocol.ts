/**
 * What the members of a classic group of consumers tell each other, as far as the group coordinator
 * has to read it: to know the topics they read, and to move a group between the two protocols. The
 * bytes are `int16 version | struct`, and a version newer than ours starts like the newest we know.
 */
import { Reader, Writer } from '../../../protocol/bytes.ts'
import type { DecodedOf, Message } from '../../../protocol/schema.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../protocol/stored/consumer-protocol.ts'
import type { Assignment } from './assignment.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { GroupTopics } from './topics.ts'

export type Subscription = DecodedOf<typeof ConsumerProtocolSubscription>

function decode<M extends Message<any>>(message: M, bytes: Buffer): DecodedOf<M> {
  const reader = new Reader(bytes)
  const [min, max] = message.versions
  const version = reader.int16()
  if (version < min) throw new RangeError(`${message.name} has no version ${version}`)
  return message.codec(Math.min(version, max)).read(reader) as DecodedOf<M>
}

/** @throws RangeError when the bytes are no subscription */
export const decodeSubscription = (bytes: Buffer) => decode(ConsumerProtocolSubscription, bytes)
/** @throws RangeError when the bytes are no assignment */
export const decodeAssignment = (bytes: Buffer) => decode(ConsumerProtocolAssignment, bytes)

/** In the version of the member's subscription, so that the member can read it. */
export function encodeAssignment(
  assignment: Assignment,
  subscription: Buffer,
  topics: GroupTopics,
): Buffer {
  const [min, max] = ConsumerProtocolAssignment.versions
  const version = Math.max(min, Math.min(new Reader(subscription).int16(), max))
  const writer = new Writer()
  writer.int16(version)
  ConsumerProtocolAssignment.codec(version).write(writer, {
    assignedPartitions: [...assignment].flatMap(([topicId, partitions]) => {
      const topic = topics.byId(topicId)
      return topic ? [{ topic: topic.name, partitions }] : []
    }),
  })
  return writer.finish()
}

/** The topics alone, which stand first in every version: some clients leave out what follows. */
function topicsOf(metadata: Buffer): readonly string[] {
  const reader = new Reader(metadata)
  if (reader.int16() < 0) throw new RangeError('A subscription of a negative version')
  return ConsumerProtocolSubscription.codec(0).read(reader).topics
}

/** `null` when the members are no consumers or what they say cannot be read. */
export function subscribedTopics(group: ClassicGroup): ReadonlySet<string> | null {
  if (!group.ofConsumers) return null
  if (group.members.size === 0) return new Set()
  if (group.protocolName === null) return null
  try {
    const topics = new Set<string>()
    let before: Buffer | undefined
    for (const member of group.members.values()) {
      const metadata = group.metadataOf(member)
      // Thousands of members say the same.
      if (before?.equals(metadata)) continue
      for (const topic of topicsOf(metadata)) topics.add(topic)
      before = metadata
    }
    return topics
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
