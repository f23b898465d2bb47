/** DescribeUserScramCredentials 0: which mechanisms users have, as the metadata has it (S-13). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeUserScramCredentials } from '../../../protocol/messages/describe-user-scram-credentials.ts'
import { groupBy } from '../../client/group-by.ts'
import type { ClusterImage } from '../../core/cluster/image.ts'
import { repeated } from '../../core/repeated.ts'
import { handler } from '../handler.ts'

export const describeUserScramCredentials = handler(DescribeUserScramCredentials, {
  handle({ users }, { broker: { image } }) {
    // Of all users nobody asked twice, whoever has two mechanisms.
    const asked = users?.length
      ? users.map(({ name }) => name)
      : [...new Set([...image.scramCredentials.values()].map(({ user }) => user))]
    const twice = repeated(asked)
    const known = groupBy(image.scramCredentials.values(), ({ user }) => user)
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      results: [...new Set(asked)].map((user) =>
        twice.has(user)
          ? failed(
              user,
              ErrorCode.DUPLICATE_RESOURCE,
              `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
            )
          : describe(user, known.get(user) ?? []),
      ),
    }
  },
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, results: [] }),
})

function failed(user: string, errorCode: number, errorMessage: string) {
  return { user, errorCode, errorMessage, credentialInfos: [] }
}

type Credential = ReturnType<ClusterImage['scramCredentials']['get']> & object

function describe(user: string, own: readonly Credential[]) {
  if (own.length === 0)
    return failed(
      user,
      ErrorCode.RESOURCE_NOT_FOUND,
      `Attempt to describe a user credential that does not exist: ${user}`,
    )
  const credentialInfos = own.map(({ mechanism, iterations }) => ({ mechanism, iterations }))
  return { user, errorCode: ErrorCode.NONE, errorMessage: null, credentialInfos }
}
