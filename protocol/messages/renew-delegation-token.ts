import { api, bytes, int16, int32, int64 } from '../schema.ts'

/** Moves the expiry of a delegation token into the future (KIP-48). */
export const RenewDelegationToken = api(39, 'RenewDelegationToken', {
  versions: [1, 2],
  flexible: 2,
  request: {
    hmac: bytes,
    renewPeriodMs: int64,
  },
  response: {
    errorCode: int16,
    expiryTimestampMs: int64,
    throttleTimeMs: int32.default(0),
  },
})
