import { api, array, bool, int16, int32, int64, string } from '../schema.ts'

/**
 * What the coordinator did lately: leases, elections, changes of who is in sync. Ottla's own, not told
 * by ApiVersions: Kafka's brokers close the connection when they are asked.
 */
export const DescribeTimeline = api(20_000, 'DescribeTimeline', {
  versions: [0, 0],
  flexible: 0,
  request: {
    // Events behind this one; those of another `coordinator` begin at 1 again.
    afterSequence: int64,
    limit: int32,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    // Its generation: another number is another life of the coordinator.
    coordinator: int64,
    startedMs: int64,
    events: array({
      sequence: int64,
      timestampMs: int64,
      kind: string, // lease, election, isr, reassignment.
      brokerId: int32, // Of a lease; else -1.
      topic: string, // Empty for a lease.
      partition: int32,
      // Before and after, in words: leaders, or lists of brokers.
      before: string,
      after: string,
      leaderEpoch: int32,
      unclean: bool,
      cause: string,
      // How long the lease lasted, nobody led, the replica was out of sync; -1 when that is not known.
      durationMs: int64,
    }),
  },
})
