/** AlterClientQuotas and DescribeClientQuotas (behaviours Q-4): kept here, enforced by brokers. */
import type { RecordOf } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { AlterClientQuotas } from '../../../protocol/messages/alter-client-quotas.ts'
import type { DescribeClientQuotas } from '../../../protocol/messages/describe-client-quotas.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import { hashMapOrder, javaStringHash } from '../group/java-hash-order.ts'
import type { Decision } from '../machine.ts'
import { type Fault, fault, fine } from './fault.ts'
import type { ClientQuota, ClusterImage } from './image.ts'

const entityTypes = ['user', 'client-id', 'ip']
const keys = {
  producer_byte_rate: ['user', 'client-id'],
  consumer_byte_rate: ['user', 'client-id'],
  request_percentage: ['user', 'client-id'],
  controller_mutation_rate: ['user', 'client-id'],
  connection_creation_rate: ['ip'],
} as const

/** The others may have fractions. */
const integers = {
  producer_byte_rate: { name: 'a LONG', max: 2 ** 63 },
  consumer_byte_rate: { name: 'a LONG', max: 2 ** 63 },
  connection_creation_rate: { name: 'an INT', max: 2 ** 31 - 1 },
} as const

type Entry = RequestOf<typeof AlterClientQuotas>['entries'][number]

export function alterClientQuotas({
  entries,
  validateOnly,
}: RequestOf<typeof AlterClientQuotas>): Decision<
  ResponseOf<typeof AlterClientQuotas>,
  RecordOf<'clientQuota'>
> {
  const records: RecordOf<'clientQuota'>[] = []
  const answers = entries.map((entry) => {
    const wrong = entryFault(entry)
    if (wrong === undefined && !validateOnly)
      for (const { key, value, remove } of entry.ops)
        records.push({ kind: 'clientQuota', entity: entry.entity, key, value, remove })
    return { ...(wrong ?? fine), entity: entityOrder(entry.entity) }
  })
  return { records, reply: { entries: answers } }
}

function entryFault({ entity, ops }: Entry): Fault | undefined {
  const bad = (message: string) => fault(errors.INVALID_REQUEST, message)
  const types = entity.map(({ entityType }) => entityType)
  const unknown = types.find((type) => !entityTypes.includes(type))
  if (unknown !== undefined) return bad(`Unhandled client quota entity type: ${unknown}`)
  if (types.length === 0) return bad('Invalid empty client quota entity')
  if (new Set(types).size < types.length || (types.includes('ip') && types.length > 1))
    return bad(`Invalid quota entity combination: ${types.join(', ')}`)
  if (entity.some(({ entityName }) => entityName === ''))
    return bad('Empty client quota entity name')
  for (const { key, value, remove } of ops) {
    const allowed: readonly string[] | undefined = keys[key as keyof typeof keys]
    if (allowed === undefined || !types.every((type) => allowed.includes(type)))
      return bad(`Invalid configuration key ${key}`)
    if (remove) continue
    if (!(value > 0)) return bad(`Quota ${key} must be greater than 0`)
    const type = integers[key as keyof typeof integers]
    if (type === undefined) continue
    if (value > type.max) return bad(`Proposed value for ${key} is too large for ${type.name}.`)
    if (!Number.isInteger(value)) return bad(`${key} cannot be a fractional value.`)
  }
  return undefined
}

const exact = 0
const defaultMatch = 1
const anyMatch = 2

/** Reads the image only: any broker may answer it from its copy. */
export function describeClientQuotas(
  image: ClusterImage,
  { components, strict }: RequestOf<typeof DescribeClientQuotas>,
): ResponseOf<typeof DescribeClientQuotas> {
  const refuse = ({ errorCode, errorMessage }: Fault) => {
    return { errorCode, errorMessage, entries: null }
  }
  const types = components.map(({ entityType }) => entityType)
  const unknown = types.find((type) => !entityTypes.includes(type))
  if (unknown !== undefined)
    return refuse(
      fault(errors.UNSUPPORTED_VERSION, `Custom entity type '${unknown}' not supported`),
    )
  if (new Set(types).size < types.length)
    return refuse(fault(errors.INVALID_REQUEST, 'Duplicate filter component entity type'))
  if (types.includes('ip') && types.length > 1)
    return refuse(fault(errors.INVALID_REQUEST, 'Invalid entity filter component combination'))
  const wrong = components.find(
    ({ matchType, match }) =>
      ![exact, defaultMatch, anyMatch].includes(matchType) ||
      (matchType === exact) !== (match !== null),
  )
  if (wrong !== undefined)
    return refuse(fault(errors.INVALID_REQUEST, `Unexpected match type ${wrong.matchType}`))
  const matches = ({ entity }: ClientQuota) =>
    components.every(({ entityType, matchType, match }) => {
      const part = entity.find((part) => part.entityType === entityType)
      if (part === undefined) return false
      if (matchType === exact) return part.entityName === match
      return matchType === anyMatch || part.entityName === null
    }) &&
    (!strict || entity.length === components.length)
  return {
    errorCode: 0,
    errorMessage: null,
    entries: [...image.quotas()].filter(matches).map(({ entity, values }) => ({
      entity: entityOrder(entity),
      values: inKafkasOrder(
        inKafkasOrder([...values], ([key]) => key, 16),
        ([key]) => key,
        1,
      ).map(([key, value]) => ({ key, value })),
    })),
  }
}

const entityOrder = (entity: Entry['entity']) =>
  inKafkasOrder(entity, ({ entityType }) => entityType, 16)

/** Clients compare lists: Kafka keeps entities and values in maps of these initial capacities. */
function inKafkasOrder<T>(list: readonly T[], key: (one: T) => string, capacity: number): T[] {
  return hashMapOrder(list, (one) => javaStringHash(key(one)), capacity)
}
