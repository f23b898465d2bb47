/** DescribeClientQuotas 0–1: answered from this broker's copy of the metadata. */
import { DescribeClientQuotas } from '../../../protocol/messages/describe-client-quotas.ts'
import { describeClientQuotas as describe } from '../../core/cluster/quotas.ts'
import { handler } from '../handler.ts'

export const describeClientQuotas = handler(DescribeClientQuotas, {
  handle: (request, { broker }) => describe(broker.image, request),
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, entries: null }),
})
