/** Plans as Kafka's `reassign-partitions` reads and writes them: one file works with both. */
import { readFileSync } from 'node:fs'
import type { TopicPartition } from '../../client/assignors.ts'
import { Failure } from '../failure.ts'

export interface PlannedReplicas extends TopicPartition {
  readonly replicas: readonly number[]
}

export function planText(moves: readonly PlannedReplicas[]): string {
  const partitions = moves.map(({ topic, partition, replicas }) => ({
    topic,
    partition,
    replicas,
    log_dirs: replicas.map(() => 'any'),
  }))
  return JSON.stringify({ version: 1, partitions })
}

/** `-` is standard input. */
export function readPlan(path: string): PlannedReplicas[] {
  const text = readFileSync(path === '-' ? 0 : path, 'utf8')
  let plan: { version?: unknown; partitions?: unknown }
  try {
    plan = JSON.parse(text)
  } catch (error) {
    throw new Failure(`${path} is not JSON: ${(error as Error).message}`)
  }
  if (plan.version !== 1 || !Array.isArray(plan.partitions))
    throw new Failure(`${path} is no plan: {"version":1,"partitions":[…]} is expected`)
  const seen = new Set<string>()
  return plan.partitions.map((item, i) => {
    const { topic, partition, replicas } = item as PlannedReplicas
    const ids = Array.isArray(replicas) && replicas.every((id) => Number.isInteger(id) && id >= 0)
    if (typeof topic !== 'string' || !Number.isInteger(partition) || !ids || replicas.length === 0)
      throw new Failure(`${path}: entry ${i} needs a topic, a partition and replicas`)
    if (new Set(replicas).size < replicas.length)
      throw new Failure(`${path}: ${topic}-${partition} names a broker twice: ${replicas}`)
    const name = `${topic}-${partition}`
    if (seen.has(name)) throw new Failure(`${path}: ${name} stands in it twice`)
    seen.add(name)
    return { topic, partition, replicas }
  })
}
