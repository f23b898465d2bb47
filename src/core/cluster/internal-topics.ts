/** The topics that brokers keep their own state in. */
export const internalTopics = {
  consumerOffsets: '__consumer_offsets',
  transactionState: '__transaction_state',
  shareGroupState: '__share_group_state',
} as const

const names: ReadonlySet<string> = new Set(Object.values(internalTopics))

export function isInternalTopic(name: string): boolean {
  return names.has(name)
}
