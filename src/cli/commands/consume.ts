import type { Command } from 'commander'
import { Option } from 'commander'
import type { TopicPartition } from '../../client/assignors.ts'
import { Consumer } from '../../client/consumer.ts'
import { brokerError } from '../../client/kafka-error.ts'
import type { TopicInfo } from '../../client/metadata.ts'
import { collect, integer, partitionList } from '../arguments.ts'
import { consumerOptionsOf } from '../client-config.ts'
import { Failure, usageFailure } from '../failure.ts'
import { unescapeDelimiter } from '../records/escapes.ts'
import { allOf, grepFilter } from '../records/grep.ts'
import type { Encoding } from '../records/json-text.ts'
import { type LoopOptions, ReadLoop } from '../records/loop.ts'
import { delimitedPrinter, formatPrinter, jsonPrinter, type Printer } from '../records/printer.ts'
import { parseStart, resolveStart, type StartSpec } from '../records/start.ts'
import { type Session, withSession } from '../session.ts'
import { parseTime } from '../time.ts'

interface ConsumeOptions {
  fromBeginning?: boolean
  offset?: string
  until?: string
  partitions?: number[]
  group?: string
  count?: number
  exit?: boolean
  output?: string
  keyDelimiter?: string
  delimiter: string
  nullText?: string
  encoding: Encoding
  headersAs: 'flat' | 'map'
  embedJson?: boolean
  grep?: string[]
  isolation?: 'read_committed' | 'read_uncommitted'
  new?: boolean
}

export function registerConsume(program: Command): void {
  program
    .command('consume')
    .description('Print the records of topics, and go on until stopped')
    .argument('<topic...>', 'names; with --group also ^regex')
    .option('--from-beginning', 'from the first record, not from the end')
    .option('-o, --offset <where>', 'start, end, N, -N before the end, +N behind the start, @time')
    .option('--until <where>', 'stop there: end (as it is now), N, @time')
    .option('-p, --partitions <list>', 'only these: 0,2-5', partitionList)
    .option('-g, --group <id>', 'as a member of a group, which keeps the offsets')
    .option('-c, --count <n>', 'stop after so many records', integer(1))
    .option('-e, --exit', 'stop at the end')
    .option('-f, --output <format>', 'as kcat -f: %t %p %o %k %s %h %T %F …, see ottla kcat -h')
    .option('-K, --key-delimiter <text>', 'print keys, and this behind them')
    .option('-D, --delimiter <text>', 'behind each record', '\\n')
    .option('--null-text <text>', 'what stands for null and empty')
    .addOption(
      new Option('--encoding <how>', 'bytes in JSON')
        .choices(['text', 'base64', 'hex'])
        .default('text'),
    )
    .addOption(
      new Option('--headers-as <how>', 'headers in JSON').choices(['flat', 'map']).default('flat'),
    )
    .option('--embed-json', 'payloads that are JSON stand in JSON as they are')
    .option(
      '--grep <[!]regex>',
      'only matching values; k: keys, h:NAME= headers; repeatable',
      collect,
    )
    .addOption(
      new Option('--isolation <level>', 'what of transactions to show').choices([
        'read_committed',
        'read_uncommitted',
      ]),
    )
    .action(withSession(consume))
    .addHelpText(
      'after',
      "\nExamples:\n  ottla consume orders --from-beginning\n  ottla consume orders --offset @-10m --until end --format json\n  ottla consume orders --group billing --key-delimiter ' '\n  ottla consume orders --offset -5 --exit --output '%p:%o %F %k = %s\\n'",
    )
}

async function consume(session: Session, topics: string[], options: ConsumeOptions): Promise<void> {
  const base: LoopOptions = {
    printer: printerOf(session, options),
    out: session.out,
    filter: allOf((options.grep ?? []).map(grepFilter)),
    countMax: options.count ?? 0,
    checkCrcs: session.properties.boolean('check.crcs') ?? true,
    onUnprintable: (error, { topic, partition }, offset) =>
      session.itemFailed(new Failure(`${topic}-${partition} at ${offset}: ${error.message}`)),
  }
  if (options.fromBeginning && options.offset !== undefined)
    throw usageFailure('--from-beginning and --offset exclude each other')
  const start = options.fromBeginning
    ? ({ kind: 'beginning' } as const)
    : options.offset === undefined
      ? undefined
      : parseStart(options.offset)
  if (options.group !== undefined) await consumeGroup(session, topics, options, base, start)
  else await consumeTopics(session, topics, options, base, start ?? { kind: 'end' })
}

function printerOf(session: Session, options: ConsumeOptions): Printer {
  const delimiter = unescapeDelimiter(options.delimiter)
  const { encoding, headersAs, embedJson, keyDelimiter, nullText } = options
  if (session.format === 'json')
    return jsonPrinter({ delimiter, encoding, headers: headersAs, embedJson })
  if (options.output !== undefined) return formatPrinter(options.output, { nullText })
  const keys = keyDelimiter === undefined ? undefined : unescapeDelimiter(keyDelimiter)
  return delimitedPrinter(keys, delimiter, { nullText })
}

/** The signals end the loop; the exit code is then 0, because that is how a reader is ended. */
async function runLoop(session: Session, loop: ReadLoop): Promise<void> {
  const stop = () => loop.stop()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const { timeout } = session.options
  const giveUp = () => {
    session.itemFailed(new Failure(`Timed out after ${timeout} s`))
    stop()
  }
  const timer = timeout === undefined ? undefined : setTimeout(giveUp, timeout * 1000)
  try {
    await loop.run()
  } finally {
    clearTimeout(timer)
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

async function partitionsOf(
  session: Session,
  names: readonly string[],
  wanted: readonly number[] | undefined,
): Promise<TopicPartition[]> {
  const topics = await session.cluster.refresh(names)
  const found: TopicPartition[] = []
  for (const name of names) {
    const topic = topics.find((item) => item.name === name) as TopicInfo
    if (topic.errorCode === 3) throw await session.unknownTopic(name)
    if (topic.errorCode !== 0) throw brokerError(topic.errorCode, `Topic ${name}`)
    for (const partition of wanted ?? topic.partitions.map((item) => item.partition)) {
      if (partition >= topic.partitions.length)
        throw new Failure(
          `Topic ${name} has ${topic.partitions.length} partitions, not partition ${partition}`,
        )
      found.push({ topic: name, partition })
    }
  }
  return found
}

async function consumeTopics(
  session: Session,
  names: readonly string[],
  options: ConsumeOptions,
  base: LoopOptions,
  start: StartSpec,
): Promise<void> {
  const { cluster } = session
  const wanted = await partitionsOf(session, names, options.partitions)
  const groupId = session.properties.get('group.id')
  const asked = await resolveStart(cluster, wanted, start, groupId)
  const offsets = start.kind === 'offset' ? await withinLog(session, wanted, asked) : asked
  const stops = await stopOffsets(session, wanted, options.until)
  const consumer = new Consumer(cluster, {
    offsetReset: 'earliest',
    ...defined(consumerOptionsOf(session.properties)),
    ...(options.isolation && { isolation: options.isolation }),
  })
  const open = new Set(
    wanted.filter((item, i) => offsets[i]! < (stops.get(keyOf(item)) ?? Infinity)).map(keyOf),
  )
  if (open.size === 0) return
  const through = (item: TopicPartition) => {
    open.delete(keyOf(item))
    if (open.size === 0) loop.stop()
  }
  const loop: ReadLoop = new ReadLoop(consumer, {
    ...base,
    stopTimeMs: options.until?.startsWith('@') ? parseTime(options.until) : undefined,
    stopOffset: (topic, partition) => stops.get(keyOf({ topic, partition })),
    onStopTime: through,
    onEnd: (fetched) => {
      const stop = stops.get(keyOf(fetched))
      const atStop = options.exit || (stop !== undefined && fetched.nextOffset >= stop)
      if (atStop) through(fetched)
      return atStop
    },
  })
  for (const [i, { topic, partition }] of wanted.entries())
    if (open.has(keyOf({ topic, partition }))) await consumer.assign(topic, partition, offsets[i]!)
  try {
    await runLoop(session, loop)
  } finally {
    await consumer.close()
  }
}

/** Offsets that are not there are said, and the nearest taken. */
async function withinLog(
  session: Session,
  wanted: readonly TopicPartition[],
  asked: readonly number[],
): Promise<number[]> {
  const { cluster } = session
  const [starts, ends] = await Promise.all([
    resolveStart(cluster, wanted, { kind: 'beginning' }),
    resolveStart(cluster, wanted, { kind: 'end' }),
  ])
  return wanted.map(({ topic, partition }, i) => {
    const offset = Math.min(Math.max(asked[i]!, starts[i]!), ends[i]!)
    if (offset !== asked[i])
      session.say(
        `${topic}-${partition} has offsets ${starts[i]} to ${ends[i]}: reading from ${offset}, not ${asked[i]}`,
      )
    return offset
  })
}

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}/${partition}`
const defined = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>

async function stopOffsets(
  session: Session,
  wanted: readonly TopicPartition[],
  until: string | undefined,
): Promise<Map<string, number>> {
  if (until === undefined || until.startsWith('@')) return new Map()
  const stops = await resolveStart(session.cluster, wanted, parseStart(until))
  return new Map(wanted.map((item, i) => [keyOf(item), stops[i]!]))
}

async function consumeGroup(
  session: Session,
  names: readonly string[],
  options: ConsumeOptions,
  base: LoopOptions,
  start: StartSpec | undefined,
): Promise<void> {
  if (options.partitions || options.until)
    throw usageFailure('--partitions and --until do not go with --group, which assigns partitions')
  const given = consumerOptionsOf(session.properties)
  let assigned: TopicPartition[] = []
  const ended = new Set<string>()
  const consumer: Consumer = new Consumer(session.cluster, {
    ...defined(given),
    ...(options.isolation && { isolation: options.isolation }),
    offsetReset: start?.kind === 'beginning' ? 'earliest' : (given.offsetReset ?? 'latest'),
    group: { ...given.group, groupId: options.group! },
    // --from-beginning is for a group without offsets, as in Kafka's console consumer.
    ...(start !== undefined &&
      start.kind !== 'beginning' &&
      start.kind !== 'stored' && {
        startOffset: async (item: TopicPartition) =>
          (await resolveStart(session.cluster, [item], start))[0]!,
      }),
    onAssigned: (partitions) => {
      assigned = [...assigned, ...partitions]
    },
    onRevoked: (partitions) => {
      const gone = new Set(partitions.map(keyOf))
      assigned = assigned.filter((item) => !gone.has(keyOf(item)))
      for (const key of gone) ended.delete(key)
    },
  })
  const loop: ReadLoop = new ReadLoop(consumer, {
    ...base,
    onEnd: (fetched) => {
      ended.add(keyOf(fetched))
      if (options.exit && assigned.every((item) => ended.has(keyOf(item)))) loop.stop()
      return false
    },
  })
  // An address at which nobody listens is told at once; what goes away later is waited for.
  await session.cluster.any()
  await consumer.subscribe(names.map((name) => (name.startsWith('^') ? new RegExp(name) : name)))
  try {
    await runLoop(session, loop)
  } finally {
    await consumer.close()
  }
}
