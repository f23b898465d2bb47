/** The configurations of any resource, as this broker sees them (behaviours A-9). */
import { ErrorCode } from '../../protocol/errors.ts'
import { type ClusterImage, resourceTypes } from '../core/cluster/image.ts'
import { topicNameFault } from '../core/cluster/topic-name.ts'
import type { Logger } from '../env/env.ts'
import { describeLoggers } from './broker-loggers.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import {
  type DescribedConfig,
  describeBroker,
  describeClientMetrics,
  describeCluster,
  describeGroup,
  describeTopic,
} from './config/described-config.ts'
import { EffectiveConfig } from './config/effective-config.ts'

/** Where the answer is looked up. */
export interface ConfigHolder {
  readonly config: BrokerConfig
  readonly image: ClusterImage
  readonly env: { readonly log: Pick<Logger, 'level'> }
}

export const brokerLoggers = 8
export const resourceTypesKnown: readonly number[] = [
  ...Object.values(resourceTypes),
  brokerLoggers,
]

/** All of a resource, or why there is nothing to tell. */
export function describeResource(
  { config, image, env }: ConfigHolder,
  resourceType: number,
  resourceName: string,
): DescribedConfig[] | { errorCode: number; errorMessage: string } {
  const wrong = (errorMessage: string, errorCode: number = ErrorCode.INVALID_REQUEST) => ({
    errorCode,
    errorMessage,
  })
  const effective = new EffectiveConfig(config, image)
  const overrides = image.configs(resourceType, resourceName)
  switch (resourceType) {
    case resourceTypes.topic: {
      const fault = topicNameFault(resourceName)
      if (fault) return wrong(fault, ErrorCode.INVALID_TOPIC_EXCEPTION)
      if (!image.topic(resourceName)) return wrong('', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      return describeTopic(effective, overrides)
    }
    case resourceTypes.broker: {
      if (resourceName === '') return describeCluster(effective)
      const fault = brokerIdFault(resourceName, config.nodeId, ' or empty string')
      return fault ? wrong(fault) : describeBroker(effective)
    }
    case resourceTypes.group:
      if (resourceName === '') return wrong('Group name must not be empty')
      return describeGroup(effective, overrides)
    case resourceTypes.clientMetrics:
      if (resourceName === '') return wrong('Client metrics subscription name must not be empty')
      return describeClientMetrics(overrides)
    default: {
      if (resourceName === '') return wrong('Broker id must not be empty')
      const fault = brokerIdFault(resourceName, config.nodeId)
      // Kafka has no comma here, and one where loggers are altered.
      return fault ? wrong(fault.replace(', but', ' but')) : describeLoggers(env.log)
    }
  }
}

/** Only the broker itself knows what it was started with. */
export function brokerIdFault(name: string, nodeId: number, orElse = ''): string | undefined {
  if (!/^[+-]?\d+$/.test(name)) return `Broker id must be an integer, but it is: ${name}`
  if (Number(name) === nodeId) return undefined
  return `Unexpected broker id, expected ${nodeId}${orElse}, but received ${name}`
}
