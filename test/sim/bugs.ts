/**
 * Known ways to get this wrong, one at a time, put into the real code by replacing a method while a run
 * lasts. Each must be found within a number of seeds that stands beside it: the test of the test.
 */

import { PartitionRead } from '../../src/broker/fetch-read.ts'
import { Partition } from '../../src/broker/partition.ts'
import { CoordinatorRequests } from '../../src/broker/session/coordinator-requests.ts'
import { Lease } from '../../src/broker/session/lease.ts'
import { ClusterMachine } from '../../src/core/cluster/cluster-machine.ts'
import { Sessions } from '../../src/core/cluster/sessions.ts'
import { ProducerStates } from '../../src/core/producer/producer-states.ts'
import { LeaderReplication } from '../../src/core/replication/leader-replication.ts'
import { Log } from '../../src/log/log.ts'

type Undo = () => void

/** Replaces a method or a getter of a class; the maker gets what was there. */
function replace(owner: object, name: string, make: (before: any) => unknown): Undo {
  const before = Object.getOwnPropertyDescriptor(owner, name)
  if (before === undefined) throw new Error(`There is nothing called ${name}`)
  const made = make(before.get ?? before.value)
  const after = before.get ? { ...before, get: made as () => unknown } : { ...before, value: made }
  Object.defineProperty(owner, name, after)
  return () => Object.defineProperty(owner, name, before)
}

export const bugs: Readonly<Record<string, () => Undo>> = {
  /** As Kafka: a leader that was replaced goes on answering until it hears of it. */
  'answers without a lease': () => replace(Lease.prototype, 'valid', () => () => true),
  /** Clients see the end of the log go back after an election. */
  'reads before the high watermark is known': () =>
    replace(Partition.prototype, 'highWatermarkKnown', () => () => true),
  /** A coordinator that starts forgets that brokers hold leases. */
  'no grace after a coordinator restart': () =>
    replace(Sessions.prototype, 'presume', () => () => undefined),
  /** Counted from when the grant came, the lease is longer than what was granted. */
  'lease counted from the reply': () =>
    replace(
      Lease.prototype,
      'extend',
      (extend) =>
        function (this: Lease, _: unknown, ...rest: unknown[]) {
          return extend.call(this, this.mark(), ...rest)
        },
    ),
  /** A new leader does not wait for the rest of the old one's lease. */
  'new leader does not wait': () =>
    replace(
      Partition.prototype,
      'become',
      (become) =>
        function (this: Partition, image: unknown) {
          return become.call(this, image, 0)
        },
    ),
  /** The high watermark leaves out who was proposed and may be in sync by now. */
  'high watermark over the decided in-sync replicas': () =>
    replace(
      LeaderReplication.prototype,
      'maximalIsr',
      () =>
        function (this: LeaderReplication) {
          return this.isr
        },
    ),
  /** A follower joins that lacks what earlier leaders acknowledged. */
  'joins without the start of the epoch': () =>
    replace(
      LeaderReplication.prototype,
      'fetched',
      (fetched) =>
        function (this: LeaderReplication, ...args: unknown[]) {
          Object.assign(this, { leaderStartOffset: 0 })
          return fetched.apply(this, args)
        },
    ),
  /** A proposal whose answer was lost counts as refused. */
  'forgets a proposal without an answer': () =>
    replace(
      CoordinatorRequests.prototype,
      'alterIsr',
      (ask) =>
        async function (this: CoordinatorRequests, items: readonly any[]) {
          try {
            return await ask.call(this, items)
          } catch {
            const refused = items.map((item) => ({ ...item, errorCode: 107, isr: [], leader: -1 }))
            return { errorCode: 0, items: refused }
          }
        },
    ),
  /** What an earlier incarnation had fetched counts for the next one. */
  'no broker epoch on fetches': () =>
    replace(
      LeaderReplication.prototype,
      'fetched',
      (fetched) =>
        function (this: LeaderReplication, id: number, _: number, ...rest: unknown[]) {
          return fetched.call(this, id, 2 ** 40, ...rest)
        },
    ),
  /** A machine that lost power stays in sync with what it does not have any more. */
  'lossy restarts stay in sync': () =>
    replace(
      ClusterMachine.prototype,
      'decide',
      (decide) =>
        function (this: ClusterMachine, command: any) {
          return decide.call(
            this,
            command.kind === 'register' ? { ...command, cleanShutdown: true } : command,
          )
        },
    ),
  /** Fetched bytes are sent although the lease ended while they were read. */
  'fetches are not checked again': () =>
    replace(PartitionRead.prototype, 'recheck', () => () => undefined),
  /** `flush.messages=1` acknowledges before the disk has it. */
  'acknowledges before the sync': () => replace(Log.prototype, 'durable', () => () => undefined),
  /** The coordinator answers before its journal is on the disk. */
  'journal without syncs': () =>
    replace(
      Log.prototype,
      'flush',
      (flush) =>
        function (this: Log) {
          return this.topic === '__cluster_metadata' ? Promise.resolve() : flush.call(this)
        },
    ),
  /** Batches that are sent again are stored again. */
  'no check for duplicates': () =>
    replace(ProducerStates.prototype, 'entry', () => () => undefined),
  /** Requests and answers of an old epoch are taken for those of the new one. */
  'no epoch on fetches': () =>
    replace(
      Partition.prototype,
      'leaderError',
      (error) =>
        function (this: Partition) {
          return error.call(this, -1)
        },
    ),
  /** acks=all is acknowledged when the leader has it. */
  'acknowledges before replicas have it': () =>
    replace(
      LeaderReplication.prototype,
      'highWatermark',
      () => (current: number, ownEnd: number) => Math.max(current, ownEnd),
    ),
}

/** Runs with the bug in place, and takes it out again. */
export async function withBug<T>(name: string | undefined, run: () => Promise<T>): Promise<T> {
  if (name === undefined) return run()
  const put = bugs[name]
  if (put === undefined)
    throw new Error(`There is no bug "${name}", only: ${Object.keys(bugs).join(', ')}`)
  const undo = put()
  try {
    return await run()
  } finally {
    undo()
  }
}
