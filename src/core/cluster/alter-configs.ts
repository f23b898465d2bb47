/** IncrementalAlterConfigs and AlterConfigs (behaviours A-10): all of a resource, or nothing. */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { AlterConfigs } from '../../../protocol/messages/alter-configs.ts'
import type { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { repeated } from '../repeated.ts'
import type { ConfigRules } from './config-rules.ts'
import { type Fault, fault, fine, isFault } from './fault.ts'
import { type ClusterImage, resourceTypes } from './image.ts'

type Incremental = RequestOf<typeof IncrementalAlterConfigs>
type Op = Incremental['resources'][number]['configs'][number]
type Configs = ReadonlyMap<string, string>

const operations = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const

export function incrementalAlterConfigs(
  image: ClusterImage,
  rules: ConfigRules,
  request: Incremental,
): Decision<ResponseOf<typeof IncrementalAlterConfigs>, ClusterRecord> {
  return alter(image, rules, request, ({ resourceType, resourceName, configs }) =>
    changed(image, rules, resourceType, resourceName, configs),
  )
}

/** Replaces all overrides of each resource: what is left out falls back to its default. */
export function alterConfigs(
  image: ClusterImage,
  rules: ConfigRules,
  request: RequestOf<typeof AlterConfigs>,
): Decision<ResponseOf<typeof AlterConfigs>, ClusterRecord> {
  return alter(image, rules, request, ({ resourceType, resourceName, configs }) => {
    const wanted = new Map<string, string>()
    for (const { name, value } of configs) {
      if (value === null)
        return fault(errors.INVALID_REQUEST, `Null value not supported for : ${name}`)
      if (wanted.has(name)) return fault(errors.INVALID_REQUEST, duplicateKeys)
      wanted.set(name, value)
    }
    const before = image.configs(resourceType, resourceName)
    const names = [...wanted.keys()].filter((name) => wanted.get(name) !== before.get(name))
    return readOnlyFault(rules, resourceType, resourceName, names) ?? wanted
  })
}

const duplicateKeys = 'Error due to duplicate config keys'

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
}

function alter<R extends Resource>(
  image: ClusterImage,
  rules: ConfigRules,
  request: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  overridesAfter: (resource: R) => Fault | Configs,
) {
  const records: ClusterRecord[] = []
  const keyOf = ({ resourceType, resourceName }: R) => `${resourceType}/${resourceName}`
  const twice = repeated(request.resources.map(keyOf))
  const responses = request.resources.map((resource) => {
    const { resourceType, resourceName } = resource
    const answer = ({ errorCode, errorMessage }: Fault) => {
      return { errorCode, errorMessage, resourceType, resourceName }
    }
    if (twice.has(keyOf(resource)))
      return answer(fault(errors.INVALID_REQUEST, 'Each resource must appear at most once.'))
    const wrong = resourceFault(image, resource)
    if (wrong !== undefined) return answer(wrong)
    const after = overridesAfter(resource)
    if (isFault(after)) return answer(after)
    const lost = removalFault(image, resource, after)
    if (lost !== undefined) return answer(lost)
    const message = rules.fault(resourceType, resourceName, after)
    if (message !== undefined) return answer(fault(errors.INVALID_CONFIG, message))
    if (!request.validateOnly) records.push(...recordsFor(image, resource, after))
    return answer(fine)
  })
  return { records, reply: { responses } }
}

function resourceFault(
  image: ClusterImage,
  { resourceType, resourceName }: Resource,
): Fault | undefined {
  switch (resourceType) {
    case resourceTypes.topic:
      return image.topic(resourceName) === undefined
        ? fault(errors.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${resourceName}' does not exist.`)
        : undefined
    case resourceTypes.broker:
      return resourceName === '' || /^\d+$/.test(resourceName)
        ? undefined
        : fault(errors.INVALID_REQUEST, `Node id must be an integer, but it is: ${resourceName}`)
    case resourceTypes.clientMetrics:
    case resourceTypes.group:
      return resourceName === ''
        ? fault(errors.INVALID_REQUEST, 'Default group resources are not allowed.')
        : undefined
    default:
      return fault(errors.INVALID_REQUEST, `Unknown resource type ${resourceType}`)
  }
}

/** Who is eligible to lead depends on it: the cluster's own value is set and not taken away (KIP-966). */
function removalFault(
  image: ClusterImage,
  { resourceType, resourceName }: Resource,
  after: Configs,
): Fault | undefined {
  const name = 'min.insync.replicas'
  if (resourceType !== resourceTypes.broker || resourceName !== '' || after.has(name)) return
  if (!image.configs(resourceType, resourceName).has(name)) return
  if ((image.features.get('eligible.leader.replicas.version') ?? 0) === 0) return
  return fault(
    errors.INVALID_CONFIG,
    `Cluster-level ${name} cannot be removed while ELR is enabled.`,
  )
}

function readOnlyFault(
  rules: ConfigRules,
  resourceType: number,
  resourceName: string,
  names: readonly string[],
): Fault | undefined {
  const wrong = names.filter(
    (name) => rules.readOnlyFault(resourceType, resourceName, name) !== undefined,
  )
  if (wrong.length === 0) return undefined
  return fault(
    errors.INVALID_REQUEST,
    `Cannot update these configs dynamically: [${wrong.join(', ')}]`,
  )
}

function changed(
  image: ClusterImage,
  rules: ConfigRules,
  resourceType: number,
  resourceName: string,
  ops: readonly Op[],
): Fault | Configs {
  const overrides = new Map(image.configs(resourceType, resourceName))
  const names = ops.map(({ name }) => name)
  if (new Set(names).size < names.length) return fault(errors.INVALID_REQUEST, duplicateKeys)
  for (const op of ops) {
    const wrong = applyOp(rules, resourceType, overrides, op)
    if (wrong !== undefined) return wrong
  }
  return readOnlyFault(rules, resourceType, resourceName, names) ?? overrides
}

function applyOp(
  rules: ConfigRules,
  resourceType: number,
  overrides: Map<string, string>,
  { name, configOperation, value }: Op,
): Fault | undefined {
  const operation = operations[configOperation]
  if (operation === undefined)
    return fault(errors.INVALID_REQUEST, `Unknown operation ${configOperation} for ${name}`)
  if (operation === 'DELETE') {
    overrides.delete(name)
    return undefined
  }
  if (value === null) return fault(errors.INVALID_REQUEST, `Null value not supported for : ${name}`)
  if (operation === 'SET') {
    overrides.set(name, value)
    return undefined
  }
  if (!rules.isList(resourceType, name))
    return fault(
      errors.INVALID_CONFIG,
      `Can't ${operation} to key ${name} because its type is not LIST.`,
    )
  const inForce = overrides.get(name) ?? rules.inherited(resourceType, name) ?? ''
  const items = itemsOf(inForce)
  const given = itemsOf(value)
  const [has, gives] = [new Set(items), new Set(given)]
  const after =
    operation === 'APPEND'
      ? [...items, ...given.filter((item) => !has.has(item))]
      : items.filter((item) => !gives.has(item))
  overrides.set(name, after.join(','))
  return undefined
}

const itemsOf = (list: string) => list.split(',').filter((item) => item !== '')

function recordsFor(
  image: ClusterImage,
  { resourceType, resourceName }: Resource,
  after: Configs,
): ClusterRecord[] {
  const before = image.configs(resourceType, resourceName)
  const record = (name: string, value: string | null) =>
    ({ kind: 'config', resourceType, resourceName, name, value }) as const
  const removed = [...before.keys()].filter((name) => !after.has(name))
  const set = [...after].filter(([name, value]) => before.get(name) !== value)
  return [
    ...removed.map((name) => record(name, null)),
    ...set.map(([name, value]) => record(name, value)),
  ]
}
