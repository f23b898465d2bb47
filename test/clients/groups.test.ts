/**
 * Groups of three members that come, go and die while records arrive: every record is read, and at
 * the end each partition has exactly one owner. Clients of one kind share a group.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  confluentProgram,
  franzGoProgram,
  fromLine,
  java,
  javaProgram,
  type Program,
} from './adapters/line-protocol.ts'
import { createTopic } from './admin.ts'
import { type Running, start, until } from './process.ts'
import { stage } from './stage.ts'
import { startTarget, type Target } from './target.ts'

const kinds: { name: string; program: Program; protocol: 'classic' | 'consumer' }[] = [
  { name: 'confluent', program: confluentProgram, protocol: 'classic' },
  { name: 'franz-go', program: franzGoProgram, protocol: 'classic' },
  { name: 'java', program: javaProgram, protocol: 'classic' },
  { name: 'java-848', program: javaProgram, protocol: 'consumer' },
  { name: 'confluent-848', program: confluentProgram, protocol: 'consumer' },
]
const partitions = 6
let target: Target
beforeAll(async () => {
  target = await startTarget({
    'group.consumer.min.session.timeout.ms': '6000',
    'group.consumer.session.timeout.ms': '6000',
    'group.consumer.min.heartbeat.interval.ms': '500',
    'group.consumer.heartbeat.interval.ms': '500',
  })
})
afterAll(async () => {
  await target?.remove()
})

const parsed = ({ lines }: Running) => lines.map((line) => JSON.parse(line))
/** The partitions a member holds now: what was assigned less what was revoked since. */
function holds(member: Running): number[] {
  const held = new Set<number>()
  for (const { assigned, revoked } of parsed(member)) {
    for (const partition of assigned ?? []) held.add(partition)
    for (const partition of revoked ?? []) held.delete(partition)
  }
  return [...held].sort()
}
const allHeld = (members: Running[]) =>
  members.flatMap(holds).sort().join() === Array.from({ length: partitions }, (_, i) => i).join()

const exists = { classic: stage.groups, consumer: stage.consumerGroups }
for (const { name, program, protocol } of kinds.filter((kind) => exists[kind.protocol])) {
  test(`a group of ${name} members that come, go and die reads every record`, async () => {
    const topic = `group-${name}`
    await createTopic(target, topic, { partitions })
    const members: Running[] = []
    const everybody: Running[] = []
    const join = () => {
      const args = [...program.args, 'group', target.bootstrap, topic, `g-${name}`, protocol]
      const member = start(program.command, args, program.env)
      members.push(member)
      everybody.push(member)
    }
    let written = 0
    const write = async () => {
      const values = Array.from({ length: 120 }, (_, i) => `${written + i}`)
      written += values.length
      const records = values.map((value, i) => ({
        ...{ partition: i % partitions, key: null, headers: [] },
        value: Buffer.from(value),
      }))
      await java.writer!.produce(target, topic, records, 'none')
    }
    const readValues = () =>
      new Set(
        everybody.flatMap(({ lines }) =>
          lines
            .filter((line) => line.includes('"value"'))
            .map((line) => fromLine(line).value?.toString()),
        ),
      )
    const state = () =>
      JSON.stringify({
        members: members.map(holds),
        said: everybody.map((member) => member.stderr().slice(-300)),
        read: readValues().size,
        written,
      })
    const settled = (what: string, done: () => boolean) =>
      until(() => `${what}: ${state()}`, done, 60_000)
    try {
      await write()
      join()
      await settled('one member has all', () => allHeld(members))
      join()
      join()
      await write()
      await settled('three members share', () => {
        return allHeld(members) && members.every((member) => holds(member).length > 0)
      })
      await members.shift()!.finish()
      await write()
      await settled('two members share after one left', () => allHeld(members))
      await members.shift()!.kill()
      join()
      await write()
      await settled('the dead member is replaced', () => allHeld(members))
      const all = Array.from({ length: written }, (_, i) => `${i}`)
      await settled('every record is read', () => {
        const read = readValues()
        return all.every((value) => read.has(value))
      })
      for (const member of members) expect(await member.finish()).toBe(0)
      expect(readValues().size).toBe(written)
    } finally {
      for (const member of everybody) await member.kill()
    }
  })
}
