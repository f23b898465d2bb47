/**
 * Who may fetch as a replica. What a replica fetches moves the high watermark, so a client that names
 * a broker's id must not be believed: it has to know the broker's incarnation, which is random, told by
 * the broker to the coordinator and by that to brokers only. This is no authentication: who listens on
 * the network between brokers can read it.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Broker } from '../broker.ts'

const prefix = 'broker'

/** The client id of a broker's connections to others. */
export function replicaClientId(nodeId: number, incarnation: string): string {
  return `${prefix}-${nodeId}-${incarnation}`
}

/** NONE, or why this connection may not fetch as that replica. */
export function claimError(
  { image }: Broker,
  clientId: string,
  { replicaId, replicaEpoch }: { readonly replicaId: number; readonly replicaEpoch: number },
): number {
  const replica = image.brokers.get(replicaId)
  if (!clientId.startsWith(`${prefix}-${replicaId}-`)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  // Its registration may be on its way here, or that of a later incarnation: it asks again.
  const known =
    replica !== undefined && clientId === replicaClientId(replicaId, replica.incarnation)
  return known && replica.brokerEpoch === replicaEpoch
    ? ErrorCode.NONE
    : ErrorCode.NOT_LEADER_OR_FOLLOWER
}
