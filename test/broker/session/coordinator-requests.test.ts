/** What a client is told of a request that only the coordinator decides, when no answer comes (7 or 41). */
import { expect, test } from 'vitest'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { CoordinatorRequests } from '../../../src/broker/session/coordinator-requests.ts'
import { Link } from '../../../src/broker/session/link.ts'
import type { Connection, ConnectionHandler } from '../../../src/env/env.ts'
import { nodeEnv } from '../../../src/env/node.ts'

const timedOut = 7
const notController = 41

/** A connection to a coordinator that takes everything and says nothing. */
function silent() {
  let far: ConnectionHandler | undefined
  let frames = 0
  const connection = {
    write: () => {
      frames++
      return true
    },
    destroy: () => {},
  } as unknown as Connection
  const link = new Link(
    (handler) => {
      far = handler
      return connection
    },
    { onOpen: () => {}, onMessage: () => {}, onClose: () => {} },
  )
  return { link, breaks: () => far?.onClose(new Error('ECONNRESET')), sent: () => frames }
}

function requestsOver(link: Link | undefined): CoordinatorRequests {
  return new CoordinatorRequests(nodeEnv({ level: 'silent' }), {
    link,
    brokerEpoch: 1,
    nextSequence: () => 1,
    defaultPartitions: 1,
    defaultReplicationFactor: 1,
  })
}

const deletion = { topicNames: ['t'], timeoutMs: 1 }

test('a change that may have been made is answered with 7 when the connection breaks', async () => {
  const { link, breaks, sent } = silent()
  const answer = requestsOver(link).submit(DeleteTopics, deletion)
  expect(sent()).toBe(1)
  breaks()
  await expect(answer).rejects.toMatchObject({ errorCode: timedOut })
})

test('… and when the coordinator is silent', async () => {
  const { link } = silent()
  const answer = requestsOver(link).submit(DeleteTopics, deletion, { timeoutMs: 1 })
  await expect(answer).rejects.toMatchObject({ errorCode: timedOut })
})

test('… and one that waited for a coordinator which did not come: whoever asks again may', async () => {
  const options = { timeoutMs: 1, waits: true }
  const answer = requestsOver(undefined).submit(DeleteTopics, deletion, options)
  await expect(answer).rejects.toMatchObject({ errorCode: timedOut })
})

test('one that nobody was asked for is answered with 41', async () => {
  const { link, breaks, sent } = silent()
  breaks()
  const broken = requestsOver(link).submit(DeleteTopics, deletion)
  await expect(broken).rejects.toMatchObject({ errorCode: notController })
  expect(sent()).toBe(0)
  const absent = requestsOver(undefined).submit(DeleteTopics, deletion)
  await expect(absent).rejects.toMatchObject({ errorCode: notController })
})
