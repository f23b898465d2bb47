/** AlterUserScramCredentials 0: kept and shown; no listener asks for them yet (S-13). */
import { AlterUserScramCredentials } from '../../../protocol/messages/alter-user-scram-credentials.ts'
import { forwarded } from '../forwarded.ts'

export const alterUserScramCredentials = forwarded(AlterUserScramCredentials, {
  failure: ({ deletions, upsertions }, errorCode, errorMessage) => ({
    results: [...new Set([...deletions, ...upsertions].map(({ name }) => name))].map((user) => ({
      user,
      errorCode,
      errorMessage,
    })),
  }),
})
