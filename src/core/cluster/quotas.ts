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

/** An address or the name of a host, which Kafka looks up. */
const hostText = /^[0-9A-Za-z][0-9A-Za-z.-]*$|^[0-9A-Fa-f:.]+(%\w+)?$/

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
  if (new Set(types).size < types.length)
    return bad(`Invalid quota entity combination: ${types.join(', ')}`)
  if (types.includes('ip') && types.length > 1)
    return bad(
      'Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId',
    )
  const empty = entity.find(({ entityName }) => entityName === '')
  if (empty !== undefined) return bad(`Empty ${empty.entityType} not supported`)
  const ip = entity.find(({ entityType }) => entityType === 'ip')?.entityName
  if (ip && !hostText.test(ip)) return bad(`${ip} is not a valid IP or resolvable host.`)
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
    return refuse(fault(errors.UNSUPPORTED_VERSION, `Unsupported entity type ${unknown}`))
  const wrong = filterFault(components)
  if (wrong !== undefined) return refuse(fault(errors.INVALID_REQUEST, wrong))
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
    errorMessage: '',
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

type Components = RequestOf<typeof DescribeClientQuotas>['components']

function filterFault(components: Components): string | undefined {
  const types = components.map(({ entityType }) => entityType)
  const twice = types.find((type, i) => types.indexOf(type) < i)
  if (twice !== undefined) return `Entity type ${twice} cannot appear more than once in the filter.`
  if (types.includes('ip') && types.length > 1)
    return 'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.'
  for (const { matchType, match } of components) {
    if (matchType === exact && match === null)
      return 'Request specified MATCH_TYPE_EXACT, but set match string to null.'
    if (matchType === defaultMatch && match !== null)
      return 'Request specified MATCH_TYPE_DEFAULT, but also specified a match string.'
    if (matchType === anyMatch && match !== null)
      return 'Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.'
    if (![exact, defaultMatch, anyMatch].includes(matchType))
      return `Unknown match type ${matchType}`
  }
  return undefined
}

const entityOrder = (entity: Entry['entity']) =>
  inKafkasOrder(entity, ({ entityType }) => entityType, 16)

/** Clients compare lists: Kafka keeps entities and values in maps of these initial capacities. */
function inKafkasOrder<T>(list: readonly T[], key: (one: T) => string, capacity: number): T[] {
  return hashMapOrder(list, (one) => javaStringHash(key(one)), capacity)
}
