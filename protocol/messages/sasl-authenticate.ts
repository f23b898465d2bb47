import { api, bytes, int16, int64, string } from '../schema.ts'

/**
 * Carries one SASL token each way (KIP-152); tells the length of the session from version 1
 * (KIP-368).
 */
export const SaslAuthenticate = api(36, 'SaslAuthenticate', {
  versions: [0, 2],
  flexible: 2,
  request: {
    authBytes: bytes,
  },
  response: {
    errorCode: int16,
    errorMessage: string.nullable(),
    authBytes: bytes,
    sessionLifetimeMs: int64.default(0).since(1),
  },
})
