/** Kafka's requests that only the coordinator decides, by API: what `submit` of a broker may carry. */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import { AllocateProducerIds } from '../../../protocol/messages/allocate-producer-ids.ts'
import { AlterClientQuotas } from '../../../protocol/messages/alter-client-quotas.ts'
import { AlterConfigs } from '../../../protocol/messages/alter-configs.ts'
import { AlterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import { AlterUserScramCredentials } from '../../../protocol/messages/alter-user-scram-credentials.ts'
import { CreatePartitions } from '../../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../../protocol/messages/create-topics.ts'
import { DeleteTopics } from '../../../protocol/messages/delete-topics.ts'
import { ElectLeaders } from '../../../protocol/messages/elect-leaders.ts'
import { IncrementalAlterConfigs } from '../../../protocol/messages/incremental-alter-configs.ts'
import { UnregisterBroker } from '../../../protocol/messages/unregister-broker.ts'
import { UpdateFeatures } from '../../../protocol/messages/update-features.ts'
import type { Api, RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.ts'
import { unregisterBroker } from './brokers.ts'
import type { ConfigRules } from './config-rules.ts'
import { createPartitions } from './create-partitions.ts'
import { type Circumstances, createTopics } from './create-topics.ts'
import { deleteTopics } from './delete-topics.ts'
import { electLeaders } from './elect-leaders.ts'
import { updateFeatures } from './features.ts'
import type { ClusterImage } from './image.ts'
import type { LogEndsOf } from './log-ends.ts'
import { allocateProducerIds } from './producer-ids.ts'
import { alterClientQuotas } from './quotas.ts'
import { alterReassignments } from './reassignments.ts'
import { alterUserScramCredentials } from './scram.ts'

export interface KafkaRequest {
  readonly apiKey: number
  readonly apiVersion: number
  /** Decoded in `apiVersion`. */
  readonly request: object
  readonly circumstances: Circumstances & { readonly logEnds?: readonly LogEndsOf[] }
}

interface Context extends Circumstances {
  readonly image: ClusterImage
  readonly rules: ConfigRules
  readonly apiVersion: number
  /** For elections that may be unclean. */
  readonly logEnds?: readonly LogEndsOf[]
}

interface Entry<A extends Api<any, any>> {
  readonly api: A
  decide(request: RequestOf<A>, context: Context): Decision<ResponseOf<A>, ClusterRecord>
}

const entry = <A extends Api<any, any>>(api: A, decide: Entry<A>['decide']): Entry<any> => ({
  api,
  decide,
})

const entries = [
  entry(CreateTopics, (request, context) =>
    createTopics(context.image, context.rules, request, context),
  ),
  entry(DeleteTopics, (request, { image, apiVersion }) => deleteTopics(image, request, apiVersion)),
  entry(CreatePartitions, (request, { image, draw }) => createPartitions(image, request, draw)),
  entry(AlterConfigs, (request, { image, rules }) => alterConfigs(image, rules, request)),
  entry(IncrementalAlterConfigs, (request, { image, rules }) =>
    incrementalAlterConfigs(image, rules, request),
  ),
  entry(ElectLeaders, (request, { image, logEnds }) => electLeaders(image, request, logEnds)),
  entry(AlterPartitionReassignments, (request, { image }) => alterReassignments(image, request)),
  entry(AllocateProducerIds, (request, { image }) => allocateProducerIds(image, request)),
  entry(UpdateFeatures, (request, { image, apiVersion }) =>
    updateFeatures(image, request, apiVersion),
  ),
  entry(UnregisterBroker, (request, { image }) => unregisterBroker(image, request)),
  entry(AlterClientQuotas, (request) => alterClientQuotas(request)),
  entry(AlterUserScramCredentials, (request, { image }) =>
    alterUserScramCredentials(image, request),
  ),
]

const byKey = new Map(entries.map((entry) => [entry.api.key, entry]))

/** The codecs of a request that the coordinator decides; undefined for any other. */
export function coordinatorApi(apiKey: number): Api<any, any> | undefined {
  return byKey.get(apiKey)?.api
}

export function decideKafkaRequest(
  image: ClusterImage,
  rules: ConfigRules,
  { apiKey, apiVersion, request, circumstances }: KafkaRequest,
): Decision<object, ClusterRecord> {
  const found = byKey.get(apiKey)
  if (found === undefined) throw new RangeError(`The coordinator does not decide API ${apiKey}`)
  return found.decide(request, { image, rules, apiVersion, ...circumstances })
}
