/** AlterClientQuotas 0–1: kept and shown, and not enforced yet. */
import { AlterClientQuotas } from '../../../protocol/messages/alter-client-quotas.ts'
import { forwarded } from '../forwarded.ts'

export const alterClientQuotas = forwarded(AlterClientQuotas, {
  failure: ({ entries }, errorCode, errorMessage) => ({
    entries: entries.map(({ entity }) => ({ errorCode, errorMessage, entity })),
  }),
})
