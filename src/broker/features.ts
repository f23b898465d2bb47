/**
 * The features that a broker of this release knows, with the levels of Kafka 4.3.1 for the behaviour
 * that it has. A new cluster takes the `initial` level of each; 0 is "off".
 */
export interface Feature {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly initial: number
}

export const supportedFeatures: readonly Feature[] = [
  { name: 'metadata.version', minVersion: 7, maxVersion: 30, initial: 30 },
  { name: 'group.version', minVersion: 0, maxVersion: 1, initial: 1 },
  { name: 'transaction.version', minVersion: 0, maxVersion: 2, initial: 2 },
  { name: 'eligible.leader.replicas.version', minVersion: 0, maxVersion: 1, initial: 1 },
  { name: 'kraft.version', minVersion: 0, maxVersion: 1, initial: 0 },
]

/** Levels of a new cluster, for the coordinator. */
export const initialFeatures: Readonly<Record<string, number>> = Object.fromEntries(
  supportedFeatures
    .filter(({ initial }) => initial > 0)
    .map(({ name, initial }) => [name, initial]),
)
