import { api, array, int8, int16, int32, string } from '../schema.ts'

const describeUserScramCredentialsResult = {
  user: string,
  errorCode: int16,
  errorMessage: string.nullable(),
  credentialInfos: array({ mechanism: int8, iterations: int32 }),
}

/** Tells which SCRAM mechanisms users have, never the credentials themselves (KIP-554). */
export const DescribeUserScramCredentials = api(50, 'DescribeUserScramCredentials', {
  versions: [0, 0],
  flexible: 0,
  request: {
    users: array({ name: string }).nullable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    results: array(describeUserScramCredentialsResult),
  },
})
