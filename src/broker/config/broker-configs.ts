/** Every configuration of a broker, in one table. */
import type { Definition } from './definition.ts'
import { cleanerConfigs } from './definitions/cleaner.ts'
import { groupConfigs } from './definitions/group.ts'
import { logConfigs } from './definitions/log.ts'
import { metadataConfigs } from './definitions/metadata.ts'
import { metricsConfigs } from './definitions/metrics.ts'
import { networkConfigs } from './definitions/network.ts'
import { nodeConfigs } from './definitions/node.ts'
import { oauthConfigs } from './definitions/oauth.ts'
import { ownConfigs } from './definitions/own.ts'
import { replicationConfigs } from './definitions/replication.ts'
import { saslConfigs } from './definitions/sasl.ts'
import { securityConfigs } from './definitions/security.ts'
import { shareGroupConfigs } from './definitions/share-group.ts'
import { streamsGroupConfigs } from './definitions/streams-group.ts'
import { tieredConfigs } from './definitions/tiered.ts'
import { transactionConfigs } from './definitions/transaction.ts'

export const brokerConfigs = {
  ...nodeConfigs,
  ...networkConfigs,
  ...logConfigs,
  ...cleanerConfigs,
  ...replicationConfigs,
  ...groupConfigs,
  ...shareGroupConfigs,
  ...streamsGroupConfigs,
  ...transactionConfigs,
  ...metadataConfigs,
  ...metricsConfigs,
  ...securityConfigs,
  ...saslConfigs,
  ...oauthConfigs,
  ...tieredConfigs,
  ...ownConfigs,
}

export type BrokerConfigName = keyof typeof brokerConfigs

const overridable =
  /^listener\.name\.[^.]+\.(?:[^.]+\.)?(?=(?:ssl|sasl|principal|connections|max)\.)/

/**
 * The definition of a name, also of one with a listener's prefix
 * (`listener.name.<listener>.<key>`, `listener.name.<listener>.<mechanism>.sasl.jaas.config`).
 */
export function brokerDefinition(name: string): Definition | undefined {
  const bare = Object.hasOwn(brokerConfigs, name) ? name : withoutListener(name)
  return Object.hasOwn(brokerConfigs, bare) ? brokerConfigs[bare as BrokerConfigName] : undefined
}

/** `listener.name.external.ssl.keystore.location` → `ssl.keystore.location`. */
export function withoutListener(name: string): string {
  const rest = name.replace(/^listener\.name\.[^.]+\./, '')
  if (rest === name || Object.hasOwn(brokerConfigs, rest)) return rest
  return name.replace(overridable, '')
}
