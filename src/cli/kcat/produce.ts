/** kcat -P. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { KafkaError } from '../../client/kafka-error.ts'
import type { TopicInfo } from '../../client/metadata.ts'
import { crc32Partitioner } from '../../client/partitioner.ts'
import { Producer } from '../../client/producer.ts'
import { producerOptionsOf } from '../client-config.ts'
import { Failure } from '../failure.ts'
import { systemText } from '../properties-file.ts'
import { fileChunks, readMessages, standardInput } from '../records/input.ts'
import { parseJsonRecord } from '../records/json-record.ts'
import { Pace } from '../records/pace.ts'
import { errorText } from './error-texts.ts'
import { explainFailure } from './metadata.ts'
import { type KcatRun, Quit } from './run.ts'

/** librdkafka's `message.max.bytes`: longer lines are refused. */
const messageBytesMax = 1_000_000
/** librdkafka's `message.timeout.ms`. */
const deliveryTimeoutMs = 300_000
/** librdkafka's `topic.metadata.propagation.max.ms`: so long a topic may stay unknown. */
const propagationMs = 30_000
const empty = Buffer.alloc(0)

export async function produce(run: KcatRun): Promise<void> {
  const { options, properties } = run
  if (options.delimiter.length === 0)
    throw new Failure('Message delimiter -D must not be empty when producing')
  if (options.lines && options.words.length > 1)
    throw new Failure('Only one file allowed for line mode (-l)')
  const input = options.lines && options.words[0] !== undefined ? openInput(options.words[0]) : 0
  const producing = new Producing(run)
  const transactional = properties.get('transactional.id')
  const signal = run.onSignal(() => producing.stop())
  await producing.start()
  if (transactional) await begin(run, producing.producer)
  const read =
    options.words.length > 0 && !options.lines
      ? producing.files(options.words)
      : producing.lines(input)
  await read
  if (transactional) await end(run, producing.producer, signal())
  await producing.producer.flush()
  if (input !== 0) closeSync(input)
  if (producing.failed > 0 || producing.goodFiles === 0) throw new Quit(1)
}

function openInput(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw new Failure(`Cannot open ${path}: ${systemText(error)}`)
  }
}

async function begin(run: KcatRun, producer: Producer): Promise<void> {
  run.info(1, 'Using transactional producer')
  try {
    await producer.beginTransaction(run.options.metadataTimeoutMs)
  } catch (error) {
    const why = error instanceof KafkaError ? errorText(error.code) : (error as Error).message
    throw new Failure(`init_transactions(): Failed to initialize Producer ID: ${why}`)
  }
}

async function end(
  run: KcatRun,
  producer: Producer,
  signal: NodeJS.Signals | undefined,
): Promise<void> {
  const timeoutMs = run.options.metadataTimeoutMs
  try {
    if (signal !== undefined) {
      run.info(0, 'Aborting transaction due to termination signal')
      await producer.abortTransaction(timeoutMs)
    } else {
      run.info(1, 'Committing transaction')
      await producer.commitTransaction(timeoutMs)
      run.info(1, 'Transaction successfully committed')
    }
  } catch (error) {
    const what = signal === undefined ? 'commit_transaction()' : 'abort_transaction()'
    throw new Failure(`${what}: ${(error as Error).message}`)
  }
}

class Producing {
  readonly producer: Producer
  failed = 0
  /** Files that could be read; undefined when lines are read. */
  goodFiles: number | undefined
  readonly #run: KcatRun
  readonly #pace: Pace | undefined
  #topic!: TopicInfo
  /** One for all messages of a chunk: they came at the same moment. */
  #nowMs = 0
  #sent = 0
  #stopped = false

  constructor(run: KcatRun) {
    this.#run = run
    const given = producerOptionsOf(run.properties)
    const perMessage = run.options.verbosity >= 3
    this.producer = new Producer(run.cluster, {
      ...given,
      idempotent: given.idempotent ?? false,
      partitioner: given.partitioner ?? crc32Partitioner,
      deliveryTimeoutMs: given.deliveryTimeoutMs ?? deliveryTimeoutMs,
      onDelivered: perMessage
        ? ({ partition, baseOffset, count, nodeId }) => {
            for (let i = 0; i < count; i++)
              run.info(
                3,
                `Message delivered to partition ${partition} (offset ${baseOffset + i}) on broker ${nodeId}`,
              )
          }
        : undefined,
      onUndelivered: ({ count, error }) => {
        this.failed += count
        for (let i = 0; i < count; i++)
          run.info(1, `Delivery failed for message: ${errorText(error.code)}`)
      },
    })
    const rate = run.options.ratePerSecond
    this.#pace = rate === undefined ? undefined : new Pace(rate)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Learns the topic; a broker that cannot be reached ends everything, as in kcat. */
  async start(): Promise<void> {
    const { cluster, options } = this.#run
    const name = options.topic!
    try {
      // A topic may need time to appear, a broker has to be there.
      await cluster.any()
      this.#topic = await cluster.topic(name, { create: true, timeoutMs: propagationMs })
    } catch (error) {
      const { code } = explainFailure(this.#run, error)
      if (code < 0) this.#run.error(`${errorText(-187)}: 1/1 brokers are down`)
      throw new Failure(`Failed to produce to topic ${name}: ${errorText(code)}`)
    }
  }

  async lines(descriptor: number): Promise<void> {
    const { options, properties } = this.#run
    const isFile = fstatSync(descriptor).isFile()
    const chunks = descriptor === 0 ? standardInput(isFile) : fileChunks(descriptor)
    const limit = properties.number('message.max.bytes', 'max.request.size') ?? messageBytesMax
    const { producer } = this
    const pace = this.#pace
    this.#run.info(3, `Setting producer input buffer max size to message.max.bytes value ${limit}`)
    await readMessages(
      chunks,
      {
        delimiter: options.delimiter,
        messageBytesMax: limit,
        stopped: () => this.#stopped,
        arrived: () => this.#arrived(),
        ready: async () => {
          while (producer.bufferFull) await producer.room()
        },
        ...(pace && { beforeEach: () => pace.wait() }),
      },
      (buffer, start, end) => this.#line(buffer, start, end),
    )
  }

  #arrived(): void {
    this.#nowMs = this.producer.cluster.env.clock.wallMs()
  }

  #line(buffer: Buffer, start: number, end: number): boolean {
    const { options, out } = this.#run
    if (options.json) this.#json(buffer.toString('utf8', start, end))
    else this.#divided(buffer, start, end)
    if (options.tee) {
      out.bytes(buffer, start, end)
      out.bytes(options.delimiter)
      out.flush()
    }
    return !this.#stopped && this.#sent !== options.countMax
  }

  /** Divides key and value at the first key delimiter. */
  #divided(buffer: Buffer, start: number, end: number): void {
    const { keyDelimiter, nulls } = this.#run.options
    let keyStart = -1
    let keyEnd = -1
    let valueStart = start
    if (keyDelimiter && keyDelimiter.length > 0) {
      const at = buffer.indexOf(keyDelimiter, start)
      if (at >= 0 && at + keyDelimiter.length <= end) {
        keyStart = start
        keyEnd = at
        valueStart = at + keyDelimiter.length
        if (nulls && keyEnd === keyStart) keyStart = -1
        if (nulls && valueStart === end) valueStart = -1
      }
    }
    const { fixedKey } = this.#run.options
    if (keyStart < 0 && fixedKey !== undefined) {
      const key = Buffer.from(fixedKey)
      const value = valueStart < 0 ? empty : buffer.subarray(valueStart, end)
      const both = Buffer.concat([key, value])
      this.#append(both, 0, key.length, valueStart < 0 ? -1 : key.length, both.length)
    } else this.#append(buffer, keyStart, keyEnd, valueStart, end)
  }

  #json(line: string): void {
    const { headers } = this.#run.options
    const record = parseJsonRecord(line, this.#sent + 1)
    const key = record.key ?? empty
    const both = Buffer.concat([key, record.value ?? empty])
    const [keyStart, valueStart] = [record.key ? 0 : -1, record.value ? key.length : -1]
    const timestampMs = record.timestampMs ?? this.#nowMs
    const own = this.#run.options.partition
    const partition = own >= 0 ? own : (record.partition ?? -1)
    this.#append(
      both,
      keyStart,
      key.length,
      valueStart,
      both.length,
      [...record.headers, ...headers],
      timestampMs,
      partition,
    )
  }

  #append(
    source: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    headers = this.#run.options.headers,
    timestampMs = this.#nowMs,
    partition = this.#run.options.partition,
  ): void {
    try {
      this.producer.append(
        this.#topic,
        partition,
        source,
        keyStart,
        keyEnd,
        valueStart,
        valueEnd,
        timestampMs,
        headers,
      )
      this.#sent++
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.failed++
      this.#sent++
      this.#run.info(1, `Delivery failed for message: ${errorText(error.code)}`)
    }
  }

  /** Each file is one message. */
  async files(paths: readonly string[]): Promise<void> {
    const { options, info } = this.#run
    this.goodFiles = 0
    for (const path of paths) {
      if (this.#stopped) return
      let bytes: Buffer
      try {
        bytes = readFileSync(path)
      } catch (error) {
        info(1, `Failed to open ${path}: ${systemText(error)}`)
        continue
      }
      this.goodFiles++
      if (bytes.length === 0) continue
      while (this.producer.bufferFull) await this.producer.room()
      this.#arrived()
      const key = options.fixedKey === undefined ? empty : Buffer.from(options.fixedKey)
      const both = key.length === 0 ? bytes : Buffer.concat([key, bytes])
      this.#append(
        both,
        options.fixedKey === undefined ? -1 : 0,
        key.length,
        key.length,
        both.length,
      )
    }
    const bad = paths.length - this.goodFiles
    if (this.goodFiles > 0 && bad > 0)
      info(1, `Failed to produce from ${bad}/${paths.length} files`)
  }
}
