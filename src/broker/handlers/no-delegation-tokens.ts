/** Delegation tokens (KIP-48) are given over encrypted connections alone, and there are none yet (S-12). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreateDelegationToken } from '../../../protocol/messages/create-delegation-token.ts'
import { DescribeDelegationToken } from '../../../protocol/messages/describe-delegation-token.ts'
import { ExpireDelegationToken } from '../../../protocol/messages/expire-delegation-token.ts'
import { RenewDelegationToken } from '../../../protocol/messages/renew-delegation-token.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import { handler } from '../handler.ts'

const notAllowed = ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED

/** Who asks has not said who he is. */
const anonymous = { type: 'User', name: 'ANONYMOUS' }

type Creation = RequestOf<typeof CreateDelegationToken>

const notCreated = ({ ownerPrincipalType, ownerPrincipalName }: Creation, errorCode: number) => ({
  errorCode,
  principalType: ownerPrincipalType || anonymous.type,
  principalName: ownerPrincipalName || anonymous.name,
  tokenRequesterPrincipalType: anonymous.type,
  tokenRequesterPrincipalName: anonymous.name,
  issueTimestampMs: -1,
  expiryTimestampMs: -1,
  maxTimestampMs: -1,
  tokenId: '',
  hmac: Buffer.alloc(0),
})
const notMoved = (errorCode: number) => ({ errorCode, expiryTimestampMs: -1 })
const notDescribed = (errorCode: number) => ({ errorCode, tokens: [] })

export const createDelegationToken = handler(CreateDelegationToken, {
  handle: (request) => notCreated(request, notAllowed),
  failure: notCreated,
})

export const renewDelegationToken = handler(RenewDelegationToken, {
  handle: () => notMoved(notAllowed),
  failure: (_request, errorCode) => notMoved(errorCode),
})

export const expireDelegationToken = handler(ExpireDelegationToken, {
  handle: () => notMoved(notAllowed),
  failure: (_request, errorCode) => notMoved(errorCode),
})

export const describeDelegationToken = handler(DescribeDelegationToken, {
  handle: () => notDescribed(notAllowed),
  failure: (_request, errorCode) => notDescribed(errorCode),
})
