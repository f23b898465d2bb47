import { expect, test } from 'vitest'
import { SessionClient } from '../../../src/core/fetch/session-client.ts'

const ask = (client: SessionClient<string, number>, questions: Record<string, number>) => {
  const { sessionId, sessionEpoch, send, forget } = client.ask(new Map(Object.entries(questions)))
  return [sessionId, sessionEpoch, Object.fromEntries(send), forget]
}

test('a session sends what changed, and names what is not wanted any more', () => {
  const client = new SessionClient<string, number>((a, b) => a === b)
  const rounds = [ask(client, { a: 1, b: 1 })]
  client.answered(7)
  rounds.push(ask(client, { a: 2, b: 1 }))
  client.answered(7)
  rounds.push(ask(client, { b: 1, c: 5 }))
  client.answered(7)
  rounds.push(ask(client, { b: 1, c: 5 }))
  expect(rounds).toEqual([
    [0, 0, { a: 1, b: 1 }, []],
    [7, 1, { a: 2 }, []],
    [7, 2, { c: 5 }, ['a']],
    [7, 3, {}, []],
  ])
})

test('without a session, or after a reset, everything is told again', () => {
  const client = new SessionClient<string, number>((a, b) => a === b)
  const rounds = [ask(client, { a: 1 })]
  client.answered(0)
  rounds.push(ask(client, { a: 1 }))
  client.answered(9)
  client.reset()
  rounds.push(ask(client, { a: 1 }))
  expect(rounds).toEqual(rounds.map(() => [0, 0, { a: 1 }, []]))
})
