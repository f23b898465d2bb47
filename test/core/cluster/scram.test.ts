/** Credentials of users: which are taken, and what is kept of a password. */
import { pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { ClusterImage } from '../../../src/core/cluster/image.ts'
import { alterUserScramCredentials } from '../../../src/core/cluster/scram.ts'

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
const upsertion = (name: string, mechanism: number, iterations = 4096) => ({
  ...{ name, mechanism, iterations, salt },
  saltedPassword: pbkdf2Sync('pencil', salt, iterations, 32, 'sha256'),
})

test('the keys of RFC 7677 are kept, and deletion takes them away', () => {
  const image = new ClusterImage()
  const set = alterUserScramCredentials(image, {
    deletions: [],
    upsertions: [upsertion('user', 1)],
  })
  for (const record of set.records) image.apply(record)
  expect([...image.scramCredentials.values()]).toEqual([
    {
      ...{ kind: 'scram', user: 'user', mechanism: 1, salt, iterations: 4096 },
      storedKey: Buffer.from('WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=', 'base64'),
      serverKey: Buffer.from('wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=', 'base64'),
    },
  ])
  const deletions = [{ name: 'user', mechanism: 1 }]
  expect(alterUserScramCredentials(image, { deletions, upsertions: [] })).toEqual({
    records: [{ kind: 'removeScram', user: 'user', mechanism: 1 }],
    reply: { results: [{ user: 'user', errorCode: 0, errorMessage: null }] },
  })
})

test('a user of whom one thing is wrong keeps everything as it was, others do not mind', () => {
  const { records, reply } = alterUserScramCredentials(new ClusterImage(), {
    deletions: [{ name: 'gone', mechanism: 1 }],
    upsertions: [
      upsertion('fine', 1),
      upsertion('few', 1),
      upsertion('few', 2, 100),
      upsertion('many', 1, 20_000),
      upsertion('twice', 1),
      upsertion('twice', 1),
      upsertion('odd', 7),
      upsertion('', 1),
    ],
  })
  expect(records.map((record) => record.user)).toEqual(['fine'])
  expect(reply.results.map(({ user, errorCode }) => [user, errorCode])).toEqual([
    ['gone', 91],
    ['fine', 0],
    ['few', 93],
    ['many', 93],
    ['twice', 92],
    ['odd', 33],
    ['', 93],
  ])
})
