/** kcat -C and -G. */
import type { TopicPartition } from '../../client/assignors.ts'
import { Consumer } from '../../client/consumer.ts'
import type { Fetched } from '../../client/fetched-records.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { TopicInfo } from '../../client/metadata.ts'
import { consumerOptionsOf } from '../client-config.ts'
import { Failure } from '../failure.ts'
import type { AvroDecoder } from '../records/avro.ts'
import { allOf } from '../records/grep.ts'
import { ReadLoop } from '../records/loop.ts'
import { delimitedPrinter, formatPrinter, jsonPrinter, type Printer } from '../records/printer.ts'
import { resolveStart } from '../records/start.ts'
import { errorText } from './error-texts.ts'
import { explainFailure } from './metadata.ts'
import type { KcatRun } from './run.ts'

/** librdkafka's number. */
const invalidArgument = -186
/** What `-Z` prints for null. */
const nullText = 'NULL'
/** librdkafka's defaults where they are not Java's. */
const librdkafkaConsumer = { isolation: 'read_committed', offsetReset: 'latest' } as const

function printerOf({ options }: KcatRun, avro: AvroDecoder | undefined): Printer {
  const { delimiter, keyDelimiter, format, encoding, headerForm, embedJson } = options
  const [avroKey, avroValue] = [options.packKey === 'avro', options.packValue === 'avro']
  if (options.json)
    return jsonPrinter({
      ...{ delimiter, encoding, headers: headerForm, embedJson, avro, avroKey, avroValue },
    })
  const printing = {
    nullText: options.nulls ? nullText : undefined,
    packKey: options.packKey,
    packValue: options.packValue,
    avro,
  }
  return format === undefined
    ? delimitedPrinter(keyDelimiter, delimiter, printing)
    : formatPrinter(format, printing)
}

/** The fields that are Avro, and who reads them. */
async function avroOf({ options }: KcatRun) {
  const { packKey, packValue } = options
  const which = [
    ...(packKey === 'avro' ? ['key' as const] : []),
    ...(packValue === 'avro' ? ['value' as const] : []),
  ]
  if (which.length === 0) return undefined
  const url = options.registry ?? process.env['SCHEMA_REGISTRY_URL']
  if (url === undefined) throw new Failure('-s avro requires -r <sr_url>')
  const { AvroDecoder } = await import('../records/avro.ts')
  return { decoder: new AvroDecoder(url), which }
}

type LoopBase = Awaited<ReturnType<typeof loopOptions>>

async function loopOptions(run: KcatRun) {
  const { options, properties, out } = run
  const avro = await avroOf(run)
  return {
    printer: printerOf(run, avro?.decoder),
    prepare: avro && ((fetched: Fetched) => avro.decoder.prepare(fetched, avro.which)),
    out,
    filter: allOf(options.filters),
    countMax: options.countMax,
    unbuffered: options.unbuffered,
    checkCrcs: properties.boolean('check.crcs') ?? false,
    onUnprintable: (error: Error, { topic, partition }: TopicPartition, offset: number) =>
      run.error(
        `Failed to format message in ${topic} [${partition}] at offset ${offset}: ${error.message}`,
      ),
  }
}

/** Only what is set counts over a default. */
function consumerOptions(run: KcatRun) {
  const given = Object.entries(consumerOptionsOf(run.properties)).filter(([, v]) => v !== undefined)
  return { ...librdkafkaConsumer, ...Object.fromEntries(given) }
}

export async function consume(run: KcatRun): Promise<void> {
  const loop = await loopOptions(run)
  try {
    await (run.options.mode === 'G' ? consumeGroup(run, loop) : consumeTopic(run, loop))
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    run.out.flush()
    throw new Failure(`Consumer error: ${errorText(error.code)}: ${error.message}`)
  }
}

async function topicOf(run: KcatRun, name: string): Promise<TopicInfo> {
  const { cluster, properties } = run
  const create = properties.boolean('allow.auto.create.topics') ?? false
  let topic: TopicInfo | undefined
  try {
    ;[topic] = await cluster.refresh([name], create)
  } catch (error) {
    const { code } = explainFailure(run, error)
    throw new Failure(`Failed to query metadata for topic ${name}: ${errorText(code)}`)
  }
  if (topic === undefined) throw new Failure(`No such topic in cluster: ${name}`)
  if (topic.errorCode !== 0) throw new Failure(`Topic ${name} error: ${errorText(topic.errorCode)}`)
  if (topic.partitions.length === 0) throw new Failure(`Topic ${name} has no partitions`)
  return topic
}

async function consumeTopic(run: KcatRun, loopBase: LoopBase): Promise<void> {
  const { options, cluster } = run
  const name = options.topic!
  const topic = await topicOf(run, name)
  const wanted = topic.partitions
    .map(({ partition }) => ({ topic: name, partition }))
    .filter(({ partition }) => options.partition < 0 || options.partition === partition)
  if (wanted.length === 0)
    throw new Failure(
      `Topic ${name} (with partitions 0..${topic.partitions.length - 1}): partition ${options.partition} does not exist`,
    )
  const groupId = run.properties.get('group.id')
  const start = options.start ?? { kind: 'beginning' }
  const offsets = await resolveStart(cluster, wanted, start, groupId)
  const given = consumerOptions(run)
  const consumer = new Consumer(cluster, given)
  let left = wanted.length
  const through = () => {
    if (--left === 0) loop.stop()
  }
  const exiting = () => (loop.stopped ? ': exiting' : '')
  const loop: ReadLoop = new ReadLoop(consumer, {
    ...loopBase,
    stopTimeMs: options.stopTimeMs,
    onEnd: ({ partition, nextOffset }) => {
      if (options.exitAtEnd) through()
      run.info(1, `Reached end of topic ${name} [${partition}] at offset ${nextOffset}${exiting()}`)
      return options.exitAtEnd
    },
    onStopTime: ({ partition }, offset) => {
      through()
      run.info(
        1,
        `Reached stop timestamp for topic ${name} [${partition}] at offset ${offset}${exiting()}`,
      )
    },
  })
  run.onSignal(() => loop.stop())
  for (const [i, { partition }] of wanted.entries())
    await consumer.assign(name, partition, offsets[i]!)
  await loop.run()
  await consumer.close()
}

async function consumeGroup(run: KcatRun, loopBase: LoopBase): Promise<void> {
  const { options, cluster } = run
  const { start } = options
  if (options.words.length === 0)
    throw new Failure(`Failed to subscribe to 0 topics: ${errorText(invalidArgument)}`)
  if (start?.kind === 'time' || options.stopTimeMs !== undefined)
    throw new Failure("-o ..@ timestamps can't be used with -G mode\n")
  let assigned: TopicPartition[] = []
  const ended = new Set<string>()
  const name = ({ topic, partition }: TopicPartition) => `${topic} [${partition}]`
  const announce = (what: string, partitions: readonly TopicPartition[]) =>
    run.info(
      1,
      `Group ${options.group} rebalanced (memberid ${consumer.memberId}): ${what}: ${partitions.map(name).join(', ')}`,
    )
  const consumer: Consumer = new Consumer(cluster, {
    ...consumerOptions(run),
    ...(start &&
      start.kind !== 'stored' && {
        startOffset: async (partition: TopicPartition) =>
          (await resolveStart(cluster, [partition], start))[0]!,
      }),
    onAssigned: (partitions) => {
      assigned = [...assigned, ...partitions]
      announce('assigned', partitions)
    },
    onRevoked: (partitions) => {
      assigned = assigned.filter((item) => !partitions.some((p) => name(p) === name(item)))
      for (const partition of partitions) ended.delete(name(partition))
      announce('revoked', partitions)
    },
  })
  const loop: ReadLoop = new ReadLoop(consumer, {
    ...loopBase,
    onEnd: (fetched) => {
      ended.add(name(fetched))
      if (options.exitAtEnd && assigned.every((item) => ended.has(name(item)))) loop.stop()
      const exiting = loop.stopped ? ': exiting' : ''
      run.info(1, `Reached end of topic ${name(fetched)} at offset ${fetched.nextOffset}${exiting}`)
      return false
    },
  })
  run.onSignal(() => loop.stop())
  run.info(1, 'Waiting for group rebalance')
  await cluster.any()
  await consumer.subscribe(options.words.map(subscription))
  await loop.run()
  if (assigned.length > 0) announce('revoked', assigned)
  await consumer.close()
}

/** `^regex`, as librdkafka has it. */
export const subscription = (text: string): string | RegExp =>
  text.startsWith('^') ? new RegExp(text) : text
