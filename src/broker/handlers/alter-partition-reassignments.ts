/** AlterPartitionReassignments 0–1: decided by the coordinator. */
import { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import { forwarded } from '../forwarded.ts'

export const alterPartitionReassignments = forwarded(AlterPartitionReassignments, {
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, responses: [] }),
})
