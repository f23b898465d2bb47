/**
 * For every command of the tree a line that works on a broker, in this order, and what it prints with
 * `--format json`: names of keys, and types (`shapeOf`). Scripts read them.
 */
export interface CommandCase {
  readonly line: string
  readonly input?: string
  /** Left out where nothing is printed. */
  readonly json?: unknown
}

const [text, number, flag, nothing] = ['string', 'number', 'boolean', 'null']
const outcome = { name: text, error: nothing }
const partition = { topic: text, partition: number }
const record = { ...partition, offset: number, tstype: text, ts: number, broker: number }
const synonym = { name: text, value: text, source: text }
const kind = { readOnly: flag, sensitive: flag, type: text, documentation: nothing }
const config = { ...synonym, ...kind, synonyms: [synonym] }
const changed = { type: text, name: text, changed: flag }
const state = { groupId: text, type: text, state: text, assignor: text, coordinator: number }
const broker = { id: number, host: text, port: number, rack: nothing, fenced: flag }
const held = { controller: flag, leads: number, preferred: number, replicas: number }
const replica = { ...partition, sizeBytes: number, offsetLag: number, future: flag }
const none: readonly unknown[] = []
const before = { timestampMs: number, kind: text, brokerId: number, ...partition, before: text }
const producer = { producerId: number, producerEpoch: number, lastSequence: number }

/** {dir}: a directory of the test, with a plan and a password. */
export const commandCases: readonly CommandCase[] = [
  {
    line: 'topics create data --partitions 2',
    json: {
      topics: [{ ...outcome, topicId: text, partitions: number, replicationFactor: number }],
    },
  },
  { line: 'produce data -q --partition 0', input: 'a\nb\nc\n' },
  {
    line: 'consume data --from-beginning --group readers --exit',
    json: { ...record, key: nothing, payload: text },
  },
  {
    line: 'topics list',
    json: {
      topics: [
        {
          name: text,
          topicId: text,
          internal: flag,
          partitions: number,
          replicationFactor: number,
        },
      ],
    },
  },
  {
    line: 'topics describe data',
    json: {
      topics: [
        {
          ...{ name: text, topicId: text, internal: flag, configs: {} },
          partitions: [
            {
              partition: number,
              leader: number,
              leaderEpoch: number,
              replicas: [number],
              isr: [number],
            },
          ],
        },
      ],
    },
  },
  { line: 'topics alter data --set retention.ms=5000', json: { topics: [outcome] } },
  {
    line: 'topics add-partitions data --to 3',
    json: { name: text, partitions: number, before: number },
  },
  {
    line: 'topics trim data --offset 0 --yes',
    json: { partitions: [{ ...partition, lowWatermark: number, error: nothing }] },
  },
  {
    line: 'groups list',
    json: {
      groups: [{ groupId: text, protocolType: text, state: text, type: text, coordinator: number }],
    },
  },
  {
    line: 'groups describe readers',
    json: {
      groups: [
        {
          ...state,
          partitions: [
            { ...partition, current: number, end: number, lag: number, memberId: nothing },
          ],
        },
      ],
    },
  },
  { line: 'groups members readers', json: { groups: [{ ...state, members: none }] } },
  {
    line: 'groups lag',
    json: { lag: [{ group: text, topic: text, lag: number, partitions: number, state: text }] },
  },
  {
    line: 'groups seek readers --to start --yes',
    json: { done: flag, offsets: [{ group: text, ...partition, before: number, offset: number }] },
  },
  {
    line: 'groups delete-offsets readers data:0 --yes',
    json: { offsets: [{ group: text, ...partition, error: nothing }] },
  },
  {
    line: 'groups delete readers --yes',
    json: { groups: [{ groupId: text, error: nothing }] },
  },
  {
    line: 'offsets data',
    json: { offsets: [{ ...partition, start: number, end: number, records: number }] },
  },
  { line: 'configs set data retention.ms=6000', json: changed },
  { line: 'configs describe data', json: { type: text, name: text, configs: [config] } },
  { line: 'configs get data retention.ms', json: config },
  { line: 'configs unset data retention.ms --yes', json: changed },
  {
    line: 'cluster info',
    json: {
      ...{ clusterId: text, controllerId: number, brokers: [broker], topics: number },
      ...{ partitions: number, leaderless: number, underReplicated: number },
    },
  },
  {
    line: 'cluster api-versions',
    json: {
      broker: text,
      apis: [{ key: number, name: text, min: number, max: number, used: number }],
    },
  },
  {
    line: 'cluster features',
    json: {
      features: [
        {
          name: text,
          supportedMin: number,
          supportedMax: number,
          finalized: number,
          epoch: number,
        },
      ],
    },
  },
  {
    line: 'cluster quorum',
    json: {
      ...{ leaderId: number, leaderEpoch: number, highWatermark: number },
      replicas: [
        { id: number, role: text, logEndOffset: number, lag: number, lastCaughtUpMs: number },
      ],
    },
  },
  {
    line: 'cluster logdirs --partitions',
    json: {
      directories: [
        {
          ...{ broker: number, path: text, errorCode: number, totalBytes: number },
          ...{ usableBytes: number, replicas: [replica] },
        },
      ],
    },
  },
  { line: 'cluster brokers', json: { brokers: [{ ...broker, ...held, outOfSync: number }] } },
  {
    line: 'cluster health',
    json: {
      ...{ healthy: flag, brokers: number, missingBrokers: none, partitions: number },
      ...{ offline: none, unclean: none, underMinIsr: none, atMinIsr: none, underReplicated: none },
    },
  },
  { line: 'cluster elect-leaders --all --yes', json: { elected: none } },
  { line: 'cluster reassign generate data', json: { version: number, partitions: none } },
  { line: 'cluster reassign execute {dir}/plan.json --yes', json: { moves: none } },
  {
    line: 'cluster reassign verify {dir}/plan.json',
    json: {
      complete: flag,
      partitions: [{ ...partition, replicas: [number], status: text, now: [number] }],
    },
  },
  { line: 'cluster reassign list', json: { reassignments: none } },
  { line: 'cluster reassign cancel --all --yes', json: { cancelled: none } },
  {
    line: 'cluster timeline',
    json: {
      ...{ coordinator: number, startedMs: number },
      events: [
        {
          ...{ sequence: number, ...before, after: text, leaderEpoch: number },
          ...{ unclean: flag, cause: text, durationMs: number },
        },
      ],
    },
  },
  {
    line: 'quotas set producer_byte_rate=1000 --user somebody',
    json: { entity: { user: text }, values: { producer_byte_rate: number } },
  },
  {
    line: 'quotas describe',
    json: { quotas: [{ entity: { user: text }, values: { producer_byte_rate: number } }] },
  },
  {
    line: 'users set-scram somebody --password-file {dir}/password',
    json: { name: text, mechanism: text, iterations: number },
  },
  {
    line: 'users list',
    json: { users: [{ name: text, credentials: [{ mechanism: text, iterations: number }] }] },
  },
  {
    line: 'users delete-scram somebody --yes',
    json: { name: text, mechanism: text, deleted: flag },
  },
  {
    line: 'txn producers data:0',
    json: {
      ...partition,
      producers: [
        {
          ...{ ...producer, lastTimestamp: number },
          ...{ coordinatorEpoch: number, currentTxnStartOffset: number },
        },
      ],
    },
  },
  { line: 'topics delete data --yes', json: { topics: [outcome] } },
  {
    line: 'connect-check',
    json: { ok: flag, steps: [{ step: text, address: text, ok: flag, detail: text }] },
  },
]

/** What does not stand above, and why; parents stand for all below them. */
export const elsewhere: Readonly<Record<string, string>> = {
  'cluster drain': 'wants several brokers: test/cluster/commands.test.ts',
  'cluster start': 'runs on: bench/brokers.ts, for test/clients/bench-compare.test.ts',
  'cluster rebuild': 'reads directories: test/cluster/rebuild.test.ts',
  broker: 'runs on: test/cli/broker.test.ts',
  coordinator: 'runs on: test/cluster/wrong-data.test.ts',
  log: 'reads files: test/cli/log.test.ts',
  profile: 'writes files: test/cli/profile.test.ts',
  completion: 'asks nobody: test/cli/help.test.ts',
  man: 'asks nobody: test/cli/help.test.ts',
  bench: 'test/clients/bench.test.ts',
}
