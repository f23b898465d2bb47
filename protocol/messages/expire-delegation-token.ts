import { api, bytes, int16, int32, int64 } from '../schema.ts'

/** Moves the expiry of a delegation token, or ends it at once (KIP-48). */
export const ExpireDelegationToken = api(40, 'ExpireDelegationToken', {
  versions: [1, 2],
  flexible: 2,
  request: {
    hmac: bytes,
    expiryTimePeriodMs: int64,
  },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32.default(0),
  },
})
