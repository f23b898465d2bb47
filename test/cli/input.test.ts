import { expect, test } from 'vitest'
import { readMessages } from '../../src/cli/records/input.ts'

async function* chunksOf(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text)
}

async function eventsOf(delimiter: string, texts: string[], paced = false): Promise<string[]> {
  const events: string[] = []
  const options = {
    delimiter: Buffer.from(delimiter),
    messageBytesMax: 100,
    arrived: () => events.push('arrived'),
    ...(paced && { beforeEach: async () => void events.push('waited') }),
  }
  await readMessages(chunksOf(...texts), options, (buffer, start, end) => {
    events.push(buffer.toString('utf8', start, end))
    return true
  })
  return events
}

test('messages are told the moment their bytes came, not when those before them were dealt with', async () => {
  expect([
    await eventsOf('\n', ['a\nb\nc', 'd\n', 'e\n']),
    await eventsOf('\n', ['a\nb\n'], true),
  ]).toEqual([
    ['arrived', 'a', 'b', 'arrived', 'cd', 'arrived', 'e'],
    ['arrived', 'waited', 'arrived', 'a', 'waited', 'arrived', 'b'],
  ])
})

test('a delimiter of one byte and one of several divide alike, wherever chunks end', async () => {
  for (const delimiter of ['|', '<>'])
    for (let cut = 1; cut < 12; cut++) {
      const text = ['ä', '<', 'b>c', '', 'd'].join(delimiter)
      const events = await eventsOf(delimiter, [text.slice(0, cut), text.slice(cut)])
      expect(events.filter((event) => event !== 'arrived')).toEqual(['ä', '<', 'b>c', 'd'])
    }
})
