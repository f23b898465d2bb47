/**
 * What the cluster machine must know about configurations. The definitions live with the broker;
 * the machine gets these functions from whoever starts the coordinator. All are pure.
 */
export interface ConfigRules {
  /**
   * Why a resource may not have exactly these overrides (unknown name, wrong type, out of range,
   * contradicting each other), or undefined when it may. Types: `resourceTypes`.
   */
  fault(
    resourceType: number,
    resourceName: string,
    overrides: ReadonlyMap<string, string>,
  ): string | undefined
  /** Why a broker's value cannot change while it runs, or undefined when it can. */
  readOnlyFault(resourceType: number, resourceName: string, name: string): string | undefined
  /** APPEND and SUBTRACT are for lists. */
  isList(resourceType: number, name: string): boolean
  /** The value in force without an override, for APPEND and SUBTRACT. */
  inherited(resourceType: number, name: string): string | undefined
  /** All that is in force for a topic with these overrides: what CreateTopics v5+ answers. */
  topicConfigs(overrides: ReadonlyMap<string, string>): TopicConfig[]
}

export interface TopicConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  /** Kafka's numbers: 1 topic override, 2 and 3 dynamic broker, 4 static broker, 5 default. */
  readonly configSource: number
  readonly isSensitive: boolean
}
