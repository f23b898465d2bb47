/** The client's `range` and `roundrobin` share out as the Java consumer's do: members of both may lead a group in turn. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { assignors } from '../../src/client/assignors.ts'

// AssignorVectors.java made them and says how. No member tells a rack, as ours never do.
const vectors = gunzipSync(readFileSync(join(import.meta.dirname, 'assignor-vectors.jsonl.gz')))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

test('range and roundrobin give what those of the Java consumer give', () => {
  expect(new Set(vectors.map(({ assignor }) => assignor))).toEqual(new Set(['range', 'roundrobin']))
  for (const [i, { assignor, topics, members, expected }] of vectors.entries()) {
    const counts = new Map<string, number>(Object.entries(topics))
    const given = assignors[assignor]!(members, counts)
    const names = [...given].map(([memberId, partitions]) => [
      memberId,
      partitions.map(({ topic, partition }) => `${topic}-${partition}`).sort(),
    ])
    expect(Object.fromEntries(names), `line ${i + 1}`).toEqual(expected)
  }
})
