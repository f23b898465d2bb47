/** DescribeAcls, CreateAcls and DeleteAcls 1–3 of a broker without an authorizer: as Kafka's, which has none unless it is configured (S-10). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { CreateAcls } from '../../../protocol/messages/create-acls.ts'
import { DeleteAcls } from '../../../protocol/messages/delete-acls.ts'
import { DescribeAcls } from '../../../protocol/messages/describe-acls.ts'
import { handler } from '../handler.ts'

const disabled = {
  errorCode: ErrorCode.SECURITY_DISABLED,
  errorMessage: 'No Authorizer is configured.',
}

export const describeAcls = handler(DescribeAcls, {
  handle: () => ({
    ...disabled,
    errorMessage: 'No Authorizer is configured on the broker',
    resources: [],
  }),
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, resources: [] }),
})

export const createAcls = handler(CreateAcls, {
  handle: ({ creations }) => ({ results: creations.map(() => disabled) }),
  failure: ({ creations }, errorCode, errorMessage) => ({
    results: creations.map(() => ({ errorCode, errorMessage })),
  }),
})

export const deleteAcls = handler(DeleteAcls, {
  handle: ({ filters }) => ({
    filterResults: filters.map(() => ({ ...disabled, matchingAcls: [] })),
  }),
  failure: ({ filters }, errorCode, errorMessage) => ({
    filterResults: filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  }),
})
