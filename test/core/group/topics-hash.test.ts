import { expect, test } from 'vitest'
import { groupHash, topicHash } from '../../../src/core/group/topics-hash.ts'

const hashOf = (name: string, topicId: string) =>
  groupHash(new Map([[name, topicHash({ name, topicId, partitionCount: 1, racks: () => [] })]]))

test('the hash of one topic equals what Kafka 4.3.1 stored for it', () => {
  // From the records at offsets 10 and 29 of test/core/group/consumer-offsets.
  expect(hashOf('plain', '5nn6isVrRgqyRIwrypvEpQ')).toBe(-6611113701376261604n)
  expect(hashOf('codecs', 'mZNxAKMbRvWmu3BQnR3k-w')).toBe(-6959231037749172651n)
})

test('a group whose topics do not exist has the hash 0', () => {
  expect(groupHash(new Map())).toBe(0n)
})
