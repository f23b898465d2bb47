/** Where to start to read a partition, as people say it, and the offset that it means. */
import type { TopicPartition } from '../../client/assignors.ts'
import type { Cluster } from '../../client/cluster.ts'
import { fetchCommitted } from '../../client/group-offsets.ts'
import { earliest, latest, listOffsets } from '../../client/list-offsets.ts'
import { usageFailure } from '../failure.ts'
import { parseTime } from '../time.ts'

export type StartSpec =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  /** The group's offset. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** So many before the end. */
  | { readonly kind: 'tail'; readonly count: number }
  /** So many behind the start. */
  | { readonly kind: 'head'; readonly count: number }
  | { readonly kind: 'time'; readonly timeMs: number }

/** `start`, `end`, `N`, `-N` (before the end), `+N` (behind the start), `@time`. */
export function parseStart(text: string): StartSpec {
  if (text === 'start' || text === 'beginning' || text === 'earliest') return { kind: 'beginning' }
  if (text === 'end' || text === 'latest') return { kind: 'end' }
  if (text === 'stored') return { kind: 'stored' }
  if (text.startsWith('@')) return { kind: 'time', timeMs: parseTime(text) }
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: Number(text) }
  if (/^-\d+$/.test(text)) return { kind: 'tail', count: -Number(text) }
  if (/^\+\d+$/.test(text)) return { kind: 'head', count: Number(text) }
  throw usageFailure(`"${text}" is not an offset: start, end, N, -N, +N or @time is expected`)
}

/** In the order of the partitions; a time behind the last record means the end. */
export async function resolveStart(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  start: StartSpec,
  groupId?: string,
  reset: 'earliest' | 'latest' = 'latest',
): Promise<number[]> {
  const ask = async (timestampMs: number, of: readonly TopicPartition[] = partitions) =>
    (
      await listOffsets(
        cluster,
        of.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
      )
    ).map(({ offset }) => offset)
  switch (start.kind) {
    case 'beginning':
      return ask(earliest)
    case 'end':
      return ask(latest)
    case 'offset':
      return partitions.map(() => start.offset)
    case 'tail': {
      const [starts, ends] = await Promise.all([ask(earliest), ask(latest)])
      return ends.map((end, i) => Math.max(starts[i]!, end - start.count))
    }
    case 'head': {
      const [starts, ends] = await Promise.all([ask(earliest), ask(latest)])
      return starts.map((first, i) => Math.min(ends[i]!, first + start.count))
    }
    case 'time': {
      const [found, ends] = await Promise.all([ask(start.timeMs), ask(latest)])
      return found.map((offset, i) => (offset < 0 ? ends[i]! : offset))
    }
    case 'stored': {
      const stored = groupId === undefined ? [] : await fetchCommitted(cluster, groupId, partitions)
      const fallback = await ask(reset === 'earliest' ? earliest : latest)
      return partitions.map(({ topic, partition }, i) => {
        const own = stored.find((item) => item.topic === topic && item.partition === partition)
        return own !== undefined && own.offset >= 0 ? own.offset : fallback[i]!
      })
    }
  }
}
