/** ListPartitionReassignments 0: answered from this broker's copy of the metadata. */
import { ListPartitionReassignments } from '../../../protocol/messages/list-partition-reassignments.ts'
import { listReassignments } from '../../core/cluster/reassignments.ts'
import { handler } from '../handler.ts'

export const listPartitionReassignments = handler(ListPartitionReassignments, {
  handle: (request, { broker }) => listReassignments(broker.image, request),
  failure: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, topics: [] }),
})
