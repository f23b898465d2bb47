/**
 * Groups of three members that come, go and die while records arrive: every record is read, and at
 * the end each partition has exactly one owner. Clients of one kind share a group.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  confluentProgram,
  franzGoProgram,
  javaProgram,
  memberProgram,
  type Program,
} from './adapters/line-protocol.ts'
import { groupTypes } from './admin.ts'
import { GroupPlay, type Protocol } from './group-play.ts'
import { stage } from './stage.ts'
import { startTarget, type Target } from './target.ts'

const kinds: { name: string; program: Program; protocol: Protocol }[] = [
  { name: 'confluent', program: confluentProgram, protocol: 'classic' },
  { name: 'franz-go', program: franzGoProgram, protocol: 'classic' },
  { name: 'java', program: javaProgram, protocol: 'classic' },
  { name: 'java-848', program: javaProgram, protocol: 'consumer' },
  { name: 'confluent-848', program: confluentProgram, protocol: 'consumer' },
  { name: 'kafkajs', program: memberProgram('kafkajs'), protocol: 'classic' },
  { name: 'platformatic', program: memberProgram('platformatic'), protocol: 'classic' },
  { name: 'platformatic-848', program: memberProgram('platformatic'), protocol: 'consumer' },
  { name: 'ottla', program: memberProgram('ottla'), protocol: 'classic' },
  { name: 'ottla-848', program: memberProgram('ottla'), protocol: 'consumer' },
]
/** Clients that speak both protocols. */
const movers = [
  { name: 'java', program: javaProgram },
  { name: 'confluent', program: confluentProgram },
]
const testMsMax = 600_000
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

const exists = { classic: stage.groups, consumer: stage.consumerGroups }
for (const { name, program, protocol } of kinds.filter((kind) => exists[kind.protocol])) {
  const title = `a group of ${name} members that come, go and die reads every record`
  test(title, { timeout: testMsMax }, async () => {
    const play = new GroupPlay(target, `group-${name}`, program)
    try {
      await play.createTopic()
      await play.write()
      play.join(protocol)
      await play.shared('one member has all')
      play.join(protocol)
      play.join(protocol)
      await play.write()
      await play.shared('three members share')
      await play.leave()
      await play.write()
      await play.shared('two members share after one left')
      for (let round = 0; round < 2; round++) {
        await play.kill()
        play.join(protocol)
        await play.write()
        await play.shared('the dead member is replaced')
      }
      await play.allRead()
      while (play.members.length > 0) await play.leave()
    } finally {
      await play.end()
    }
  })
}

for (const { name, program } of movers.filter(() => stage.consumerGroups)) {
  const title = `a group of ${name} members moves to the new protocol and back while it reads`
  test(title, { timeout: testMsMax }, async () => {
    const topic = `moving-${name}`
    const play = new GroupPlay(target, topic, program)
    const type = async () => (await groupTypes(target)).get(`g-${topic}`)
    try {
      await play.createTopic()
      await play.write()
      play.join('classic')
      play.join('classic')
      await play.shared('two members with the classic protocol share')
      expect(await type()).toBe('classic')
      for (const protocol of ['consumer', 'classic'] as const) {
        play.join(protocol)
        await play.write()
        await play.shared('members of both kinds share')
        expect(await type()).toBe('consumer')
        while (play.members.length > 1) await play.leave()
        await play.write()
        await play.shared(`the last member speaks ${protocol}`)
        expect(await type()).toBe(protocol)
      }
      await play.allRead()
      while (play.members.length > 0) await play.leave()
    } finally {
      await play.end()
    }
  })
}
