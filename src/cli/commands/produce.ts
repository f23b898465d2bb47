import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { Option } from 'commander'
import type { RecordHeader } from '../../client/batch-builder.ts'
import type { TopicInfo } from '../../client/metadata.ts'
import { crc32Partitioner, murmur2Partitioner } from '../../client/partitioner.ts'
import { Producer } from '../../client/producer.ts'
import { collect, integer } from '../arguments.ts'
import { producerOptionsOf } from '../client-config.ts'
import { Failure, usageFailure } from '../failure.ts'
import { Progress } from '../progress.ts'
import { unescapeDelimiter } from '../records/escapes.ts'
import { fileChunks, readMessages, standardInput } from '../records/input.ts'
import { parseJsonRecord } from '../records/json-record.ts'
import { Pace } from '../records/pace.ts'
import { type Session, withSession } from '../session.ts'

interface ProduceOptions {
  key?: string
  keyDelimiter?: string
  delimiter: string
  header?: string[]
  partition?: number
  compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  acks?: 'all' | '1' | '0'
  input: 'lines' | 'json'
  emptyAsNull?: boolean
  file?: string
  wholeFiles?: boolean
  count?: number
  rate?: number
  partitioner: 'murmur2' | 'crc32'
}

/** Kafka's own default limit of a batch, less its overhead. */
const messageBytesMax = 1_000_000
const codecNumbers = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
/** A stream fills batches by itself; lines typed by hand should not wait for more. */
const lingerMs = 5
const empty = Buffer.alloc(0)

export function registerProduce(program: Command): void {
  program
    .command('produce')
    .description('Send the lines of standard input, or files, to a topic')
    .argument('<topic>', 'where to; created when the brokers allow it')
    .argument('[file...]', 'files instead of standard input; - is standard input')
    .option('-k, --key <text>', 'the key of every record')
    .option('-K, --key-delimiter <text>', 'each line has a key, up to this')
    .option('-D, --delimiter <text>', 'between records', '\\n')
    .option('-H, --header <name=value>', 'a header on every record, repeatable', collect)
    .option('-p, --partition <n>', 'instead of the partitioner', integer(0))
    .addOption(
      new Option('-z, --compression <codec>', 'compress batches').choices(
        Object.keys(codecNumbers),
      ),
    )
    .addOption(
      new Option('--acks <acks>', 'whose acknowledgement to wait for').choices(['all', '1', '0']),
    )
    .addOption(
      new Option('-i, --input <form>', 'json: as `ottla consume --format json` prints')
        .choices(['lines', 'json'])
        .default('lines'),
    )
    .option('--empty-as-null', 'an empty value, or key, is null')
    .option('--whole-files', 'each file is one record')
    .option('-c, --count <n>', 'stop after so many records', integer(1))
    .option('--rate <n>', 'at most so many records a second', Number)
    .addOption(
      new Option('--partitioner <hash>', 'murmur2 as Java, crc32 as librdkafka')
        .choices(['murmur2', 'crc32'])
        .default('murmur2'),
    )
    .action(withSession(produce))
    .addHelpText(
      'after',
      '\nExamples:\n  echo hello | ottla produce greetings\n  ottla produce users --key-delimiter : users.txt\n  ottla consume a --from-beginning --exit --format json | ottla produce b --input json\n  ottla produce backup --whole-files --compression zstd *.pdf',
    )
}

async function produce(
  session: Session,
  name: string,
  files: string[],
  options: ProduceOptions,
): Promise<void> {
  const producing = new Producing(session, options, files)
  const { producer } = producing
  const stop = () => producing.stop()
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    const topic = await producer.topic(name)
    checkPartition(topic, options.partition)
    const transactional = producer.identity.transactionalId !== null
    if (transactional) await producer.beginTransaction()
    if (options.wholeFiles) await producing.wholeFiles(topic, files)
    else if (files.length === 0) await producing.lines(topic, 0)
    else for (const file of files) await producing.file(topic, file)
    if (transactional)
      await (producing.stopped ? producer.abortTransaction() : producer.commitTransaction())
    await producer.close()
  } finally {
    producing.progress.end()
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
  const { failure, failed, sent } = producing
  if (failure)
    throw new Failure(`${failed} of ${sent} records were not delivered: ${failure.message}`)
  // Standard input that nobody closes must not keep the process.
  process.stdin.destroy()
}

function checkPartition(topic: TopicInfo, partition: number | undefined): void {
  if (partition !== undefined && partition >= topic.partitions.length)
    throw new Failure(
      `Topic ${topic.name} has ${topic.partitions.length} partitions, not partition ${partition}`,
    )
}

class Producing {
  readonly producer: Producer
  readonly progress: Progress
  failed = 0
  sent = 0
  failure: Error | undefined
  stopped = false
  readonly #options: ProduceOptions
  readonly #limit: number
  readonly #delimiter: Buffer
  readonly #keyDelimiter: Buffer | undefined
  readonly #headers: RecordHeader[] | undefined
  readonly #pace: Pace | undefined
  /** One for all records of a chunk: they came at the same moment. */
  #nowMs = 0

  constructor(session: Session, options: ProduceOptions, files: readonly string[]) {
    this.#options = options
    const { compression, acks, rate, keyDelimiter } = options
    const given = producerOptionsOf(session.properties)
    this.producer = new Producer(session.cluster, {
      ...given,
      lingerMs: given.lingerMs ?? lingerMs,
      partitioner:
        given.partitioner ??
        (options.partitioner === 'crc32' ? crc32Partitioner : murmur2Partitioner),
      ...(compression && { compression: codecNumbers[compression] }),
      ...(acks && { acks: acks === 'all' ? -1 : acks === '1' ? 1 : 0 }),
      onUndelivered: ({ count, error }) => {
        this.failed += count
        this.failure ??= error
      },
    })
    this.#delimiter = unescapeDelimiter(options.delimiter)
    if (this.#delimiter.length === 0) throw usageFailure('--delimiter must not be empty')
    this.#keyDelimiter = keyDelimiter === undefined ? undefined : unescapeDelimiter(keyDelimiter)
    this.#headers = options.header?.map(headerOf)
    this.#limit =
      session.properties.number('max.request.size', 'message.max.bytes') ?? messageBytesMax
    if (rate !== undefined && !(rate > 0)) throw usageFailure('--rate has to be above 0')
    this.#pace = rate === undefined ? undefined : new Pace(rate)
    const typing = process.stdin.isTTY === true && (files.length === 0 || files.includes('-'))
    this.progress = new Progress('records', session.options.quiet ?? false, typing)
  }

  stop(): void {
    this.stopped = true
    process.stdin.destroy()
  }

  async file(topic: TopicInfo, path: string): Promise<void> {
    if (this.stopped) return
    if (path === '-') return this.lines(topic, 0)
    const descriptor = openSync(path, 'r')
    try {
      if (fstatSync(descriptor).isDirectory()) throw new Failure(`${path} is a directory`)
      await this.lines(topic, descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  async lines(topic: TopicInfo, descriptor: number): Promise<void> {
    const stat = fstatSync(descriptor)
    const chunks = descriptor === 0 ? standardInput(stat.isFile()) : fileChunks(descriptor)
    const { producer, progress } = this
    const pace = this.#pace
    await readMessages(
      chunks,
      {
        delimiter: this.#delimiter,
        messageBytesMax: this.#limit,
        stopped: () => this.stopped || this.failure !== undefined,
        arrived: () => {
          this.#nowMs = Date.now()
        },
        ready: async () => {
          while (producer.bufferFull && !this.failure) await producer.room()
        },
        onProgress: (bytes) => progress.add(bytes, stat.size, this.sent),
        ...(pace && { beforeEach: () => pace.wait() }),
      },
      (buffer, start, end) => this.#line(topic, buffer, start, end),
    )
  }

  #line(topic: TopicInfo, buffer: Buffer, start: number, end: number): boolean {
    if (this.#options.input === 'json') {
      this.#json(topic, buffer.toString('utf8', start, end))
      return ++this.sent !== this.#options.count
    }
    const { key, partition = -1, emptyAsNull } = this.#options
    const keyDelimiter = this.#keyDelimiter
    if (key !== undefined) {
      this.#whole(topic, buffer.subarray(start, end))
      return this.sent !== this.#options.count
    }
    let keyStart = -1
    let keyEnd = -1
    let valueStart = start
    if (keyDelimiter !== undefined) {
      const at = buffer.indexOf(keyDelimiter, start)
      if (at >= 0 && at + keyDelimiter.length <= end) {
        keyStart = start
        keyEnd = at
        valueStart = at + keyDelimiter.length
        if (emptyAsNull && keyEnd === keyStart) keyStart = -1
        if (emptyAsNull && valueStart === end) valueStart = -1
      }
    }
    this.producer.append(
      topic,
      partition,
      buffer,
      keyStart,
      keyEnd,
      valueStart,
      end,
      this.#nowMs,
      this.#headers,
    )
    return ++this.sent !== this.#options.count
  }

  /** With the key of `--key`. */
  #whole(topic: TopicInfo, value: Buffer): void {
    const { key, partition = -1 } = this.#options
    const keyBytes = key === undefined ? empty : Buffer.from(key)
    const both = keyBytes.length === 0 ? value : Buffer.concat([keyBytes, value])
    const keyStart = key === undefined ? -1 : 0
    this.producer.append(
      topic,
      partition,
      both,
      keyStart,
      keyBytes.length,
      keyBytes.length,
      both.length,
      Date.now(),
      this.#headers,
    )
    this.sent++
  }

  #json(topic: TopicInfo, line: string): void {
    const record = parseJsonRecord(line, this.sent + 1)
    const key = record.key ?? empty
    const both = Buffer.concat([key, record.value ?? empty])
    const headers = [...record.headers, ...(this.#headers ?? [])]
    // Another topic may have fewer partitions: then the key decides.
    const named = record.partition ?? -1
    const partition = this.#options.partition ?? (named < topic.partitions.length ? named : -1)
    this.producer.append(
      topic,
      partition,
      both,
      record.key ? 0 : -1,
      key.length,
      record.value ? key.length : -1,
      both.length,
      record.timestampMs ?? this.#nowMs,
      headers,
    )
  }

  async wholeFiles(topic: TopicInfo, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) throw usageFailure('--whole-files needs files')
    for (const path of paths) {
      if (this.stopped || this.failure) return
      const { size } = statSync(path)
      if (size > this.#limit)
        throw new Failure(`${path} has ${size} bytes, more than max.request.size (${this.#limit})`)
      while (this.producer.bufferFull) await this.producer.room()
      this.#whole(topic, readFileSync(path))
    }
  }
}

function headerOf(text: string): RecordHeader {
  const at = text.indexOf('=')
  if (at === 0) throw usageFailure(`--header: "${text}" has no name`)
  return at < 0
    ? { key: text, value: null }
    : { key: text.slice(0, at), value: Buffer.from(text.slice(at + 1)) }
}
