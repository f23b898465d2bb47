import { afterAll, beforeAll, expect, test } from 'vitest'
import { Replay } from '../scenarios/answers/replay.ts'
import { stage } from './stage.ts'
import { startTarget, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await startTarget()
})
afterAll(async () => {
  await target?.remove()
})

test('what the broker advertises is what the tests of this folder take for done', async () => {
  const replay = new Replay({ host: '127.0.0.1', port: target.port })
  await replay.readAdvertised()
  const groups = replay.has('JoinGroup')
  expect({ groups, consumerGroups: replay.has('ConsumerGroupHeartbeat') }).toEqual(stage)
})
