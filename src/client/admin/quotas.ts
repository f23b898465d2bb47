/** Client quotas (KIP-546). */
import { AlterClientQuotas } from '../../../protocol/messages/alter-client-quotas.ts'
import { DescribeClientQuotas } from '../../../protocol/messages/describe-client-quotas.ts'
import type { Cluster } from '../cluster.ts'
import { checkError } from '../kafka-error.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

/** Whom a quota is for: `user`, `client-id` or `ip`; a null name is the default of its kind. */
export type QuotaEntity = ReadonlyMap<string, string | null>

export interface Quota {
  readonly entity: QuotaEntity
  readonly values: ReadonlyMap<string, number>
}

export async function describeQuotas(cluster: Cluster): Promise<Quota[]> {
  const answer = await cluster.send('any', DescribeClientQuotas, { components: [], strict: false })
  checkError(answer.errorCode, 'Describing quotas', answer.errorMessage)
  return (answer.entries ?? []).map(({ entity, values }) => ({
    entity: new Map(entity.map(({ entityType, entityName }) => [entityType, entityName])),
    values: new Map(values.map(({ key, value }) => [key, value])),
  }))
}

/** `user ann, client-id default` */
export const entityName = (entity: QuotaEntity): string =>
  [...entity].map(([type, value]) => `${type} ${value ?? 'default'}`).join(', ')

/** A null value removes the quota. */
export async function alterQuotas(
  cluster: Cluster,
  entity: QuotaEntity,
  values: ReadonlyMap<string, number | null>,
  validateOnly = false,
): Promise<Outcome> {
  const answer = await cluster.send('controller', AlterClientQuotas, {
    entries: [
      {
        entity: [...entity].map(([entityType, entityName]) => ({ entityType, entityName })),
        ops: [...values].map(([key, value]) => ({
          key,
          value: value ?? 0,
          remove: value === null,
        })),
      },
    ],
    validateOnly,
  })
  const { errorCode, errorMessage } = answer.entries[0]!
  const name = entityName(entity)
  return outcomeOf(name, errorCode, `Quotas of ${name}`, errorMessage)
}
