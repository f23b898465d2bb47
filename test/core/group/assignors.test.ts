import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Assignment, finish, type GroupSpec } from '../../../src/core/group/assignment.ts'
import { hashMapOrder, javaStringHash } from '../../../src/core/group/java-hash-order.ts'
import { assignRange } from '../../../src/core/group/range-assignor.ts'
import { assignUniform } from '../../../src/core/group/uniform-assignor.ts'
import { xxh3 } from '../../../src/core/group/xxh3.ts'

// Answers of Kafka 4.3.1's classes: data/GroupVectors.java made them and says how.
const lines = (name: string) =>
  gunzipSync(readFileSync(join(import.meta.dirname, 'data', name)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

const asObject = (assignment: Assignment | undefined) =>
  Object.fromEntries([...(assignment ?? [])].filter(([, partitions]) => partitions.length > 0))

test('the assignors give what those of Kafka give for the same groups', () => {
  const vectors = lines('assignors.jsonl.gz')
  expect(vectors.length).toBe(300)
  for (const [i, vector] of vectors.entries()) {
    const byId = new Map<string, any>(vector.members.map((member: any) => [member.id, member]))
    const group: GroupSpec = {
      homogeneous: vector.homogeneous,
      partitionCount: (topicId) => vector.topics[topicId],
      members: new Map(
        hashMapOrder([...byId.keys()], javaStringHash).map((id) => {
          const { instanceId, topics, assigned } = byId.get(id)
          return [
            id,
            { instanceId, topicIds: new Set(topics), assigned: new Map(Object.entries(assigned)) },
          ]
        }),
      ),
    }
    const given = finish(vector.assignor === 'range' ? assignRange(group) : assignUniform(group))
    const result = Object.fromEntries(
      vector.members.map(({ id }: any) => [id, asObject(given.get(id))]),
    )
    expect(result, `line ${i + 1}`).toEqual(vector.expected)
  }
})

test('XXH3 gives what the library that Kafka uses gives', () => {
  for (const { hex, hash } of lines('xxh3.jsonl.gz'))
    expect(String(xxh3(Buffer.from(hex, 'hex'))), `${hex.length / 2} bytes`).toBe(hash)
})
