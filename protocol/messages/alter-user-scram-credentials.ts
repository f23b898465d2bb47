import { api, array, bytes, int8, int16, int32, string } from '../schema.ts'

const scramCredentialUpsertion = {
  name: string,
  mechanism: int8, // 1: SCRAM-SHA-256; 2: SCRAM-SHA-512.
  iterations: int32,
  salt: bytes,
  saltedPassword: bytes,
}

/** Sets and deletes SCRAM credentials (KIP-554). */
export const AlterUserScramCredentials = api(51, 'AlterUserScramCredentials', {
  versions: [0, 0],
  flexible: 0,
  request: {
    deletions: array({
      name: string,
      mechanism: int8, // 1: SCRAM-SHA-256; 2: SCRAM-SHA-512.
    }),
    upsertions: array(scramCredentialUpsertion),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({
      user: string,
      errorCode: int16,
      errorMessage: string.nullable(),
    }),
  },
})
