/**
 * Where the replicas of new partitions go: spread evenly over brokers, and over racks first.
 *
 * Leaders go round the brokers from a drawn start; the followers of a partition follow at a shift
 * that grows with each full round, so that the load of a failed broker falls on many. With racks,
 * brokers are listed rack by rack alternating, and a partition takes a second replica in a rack
 * only when every rack has one.
 */

export interface PlacementBroker {
  readonly brokerId: number
  readonly rack: string | null
}

/**
 * Replica lists of `count` partitions. `start` is any whole number >= 0; `first` is the number of
 * the first partition (> 0 when a topic grows). Needs `replicationFactor <= brokers.length`.
 */
export function placeReplicas(
  brokers: readonly PlacementBroker[],
  count: number,
  replicationFactor: number,
  start: number,
  first = 0,
): number[][] {
  const listed = alternateRacks(brokers)
  const racks = new Set(listed.map(({ rack }) => rack)).size
  const size = listed.length
  const at = (index: number) => listed[index % size]!
  let shift = start
  return Array.from({ length: count }, (_, i) => {
    const partition = first + i
    if (partition > 0 && partition % size === 0) shift++
    const leader = at(start + partition)
    const chosen = [leader]
    const usedRacks = new Set([leader.rack])
    for (let step = 0; chosen.length < replicationFactor && step < 2 * size; step++) {
      const next = at(start + partition + 1 + ((shift + step) % Math.max(1, size - 1)))
      const wantsNewRack = usedRacks.size < racks && step < size
      if (chosen.includes(next) || (wantsNewRack && usedRacks.has(next.rack))) continue
      chosen.push(next)
      usedRacks.add(next.rack)
    }
    return chosen.map(({ brokerId }) => brokerId)
  })
}

function alternateRacks(brokers: readonly PlacementBroker[]): PlacementBroker[] {
  const byRack = new Map<string | null, PlacementBroker[]>()
  for (const broker of [...brokers].sort((a, b) => a.brokerId - b.brokerId)) {
    // Brokers that name no rack are one each: they may be anywhere.
    const rack = broker.rack ?? `\0${broker.brokerId}`
    byRack.set(rack, [...(byRack.get(rack) ?? []), { brokerId: broker.brokerId, rack }])
  }
  const queues = [...byRack.entries()].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
  const listed: PlacementBroker[] = []
  for (let i = 0; listed.length < brokers.length; i++)
    for (const [, queue] of queues) {
      const broker = queue[i]
      if (broker) listed.push(broker)
    }
  return listed
}
