/** Found by `mixed-properties.test.ts`: partitions that nobody got, for ever or for ten minutes. */
import { beforeEach, expect, test } from 'vitest'
import { Conversation } from './conversation.ts'
import { NewClient } from './mixed-members.ts'
import { SomeTopics } from './some-topics.ts'

const topic = (name: string, i: number) => ({
  ...{ name, topicId: Buffer.alloc(16, i).toString('base64url'), partitionCount: 2 },
})
let topics: SomeTopics
let talk: Conversation
beforeEach(() => {
  topics = new SomeTopics([topic('t', 1)])
  talk = new Conversation({}, topics)
})

const reading = (regex: string) => ({ names: [], regex })

function settle(...clients: NewClient[]): void {
  for (let round = 0; round < 20; round++) {
    for (const client of clients) client.live()
    talk.advance(1_500)
  }
}

test('what a member read is given away when its new regular expression matches nothing', () => {
  const [a, b] = ['a', 'b'].map((id) => new NewClient(talk, id, null, reading('t'))) as [
    NewClient,
    NewClient,
  ]
  settle(a, b)
  a.readAnew(reading('nothing'))
  settle(a, b)
  expect([[...a.owned], [...b.owned].sort()]).toEqual([[], ['t/0', 't/1']])
})

test('topics that were made just before the coordinator moved are found', () => {
  const a = new NewClient(talk, 'a', null, reading('t|u'))
  settle(a)
  topics.list = [...topics.list, topic('u', 2)]
  topics.version++
  talk.restart()
  settle(a)
  expect([...a.owned].sort()).toEqual(['t/0', 't/1', 'u/0', 'u/1'])
})
