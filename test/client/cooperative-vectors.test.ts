/**
 * Our `cooperative-sticky` beside that of the Java consumer: who gets which partition may differ, how evenly they are
 * shared and how many must move does not. Each decides for itself when it leads, and only what it asks for moves.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { cooperativeSticky } from '../../src/client/cooperative-sticky.ts'

// CooperativeVectors.java made them and says how.
const vectors = gunzipSync(readFileSync(join(import.meta.dirname, 'cooperative-vectors.jsonl.gz')))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const partitionOf = (text: string) => {
  const at = text.lastIndexOf('-')
  return { topic: text.slice(0, at), partition: Number(text.slice(at + 1)) }
}

interface Vector {
  readonly topics: Readonly<Record<string, number>>
  readonly members: readonly { memberId: string; topics: string[]; owned: string[] }[]
  readonly expected: Readonly<Record<string, readonly string[]>>
}

/** What each has when nothing is given back any more. */
function ended({ topics, members }: Vector): Record<string, string[]> {
  const counts = new Map(Object.entries(topics))
  let now = Object.fromEntries(members.map(({ memberId, owned }) => [memberId, owned]))
  for (let round = 0; round < 5; round++) {
    const given = cooperativeSticky(
      members.map((member) => ({
        ...{ memberId: member.memberId, groupInstanceId: null, topics: member.topics },
        ...{ owned: now[member.memberId]!.map(partitionOf), generationId: round },
      })),
      counts,
    )
    const named = [...given].map(([memberId, items]) => [
      memberId,
      items.map(({ topic, partition }) => `${topic}-${partition}`).sort(),
    ])
    now = Object.fromEntries(named)
  }
  return now
}

const loads = (assignment: Readonly<Record<string, readonly string[]>>) =>
  Object.values(assignment)
    .map(({ length }) => length)
    .sort((a, b) => a - b)

/** Partitions that a member had and has no more. */
const moved = ({ members }: Vector, assignment: Readonly<Record<string, readonly string[]>>) =>
  members.flatMap(({ memberId, owned }) =>
    owned.filter((item) => !assignment[memberId]!.includes(item)),
  ).length

/** Vectors whose outcome is not that of Java, as this comparison has it. */
function differing(alike: boolean, isWorse: (ours: Outcome, java: Outcome) => boolean) {
  return vectors.flatMap((vector: Vector, i) => {
    const all = vector.members.every(
      ({ topics }) => topics.length === Object.keys(vector.topics).length,
    )
    const outcome = (given: Vector['expected']) => ({
      loads: loads(given),
      moved: moved(vector, given),
    })
    const [ours, java] = [outcome(ended(vector)), outcome(vector.expected)]
    return all === alike && isWorse(ours, java) ? [{ line: i + 1, ours, java }] : []
  })
}
interface Outcome {
  readonly loads: readonly number[]
  readonly moved: number
}

test('members that read the same have as much as Java gives them, and no more moves', () => {
  expect(vectors.length).toBe(120)
  expect(
    differing(true, (ours, java) => `${ours.loads}` !== `${java.loads}` || ours.moved > java.moved),
  ).toEqual([])
})

test('members that read different topics have one partition more than Java gives them at most, and one more moves', () => {
  const isWorse = (ours: Outcome, java: Outcome) =>
    ours.loads.at(-1)! > java.loads.at(-1)! + 1 || ours.moved > java.moved + 1
  expect(differing(false, isWorse)).toEqual([])
})
