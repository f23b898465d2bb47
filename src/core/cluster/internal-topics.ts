/** The topics that brokers keep their own state in. */
export const internalTopics = {
  consumerOffsets: '__consumer_offsets',
  transactionState: '__transaction_state',
  shareGroupState: '__share_group_state',
} as const

const names: ReadonlySet<string> = new Set(Object.values(internalTopics))

/** What their own topics need to keep state at all; a broker's settings come on top. */
export function internalTopicConfigs(name: string): { name: string; value: string }[] {
  const isOffsets = name === internalTopics.consumerOffsets
  return [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'compression.type', value: isOffsets ? 'producer' : 'uncompressed' },
  ]
}

export function isInternalTopic(name: string): boolean {
  // Asked with each request: most names are told by their first letter.
  return name.startsWith('_') && names.has(name)
}
