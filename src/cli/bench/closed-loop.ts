/** So many requests in flight on each connection, the next as soon as one is answered. */
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks'
import { LoadConnection } from './load-connection.ts'

export interface LoopOptions {
  /** Where each connection goes. */
  readonly where: readonly { host: string; port: number }[]
  /** Requests in flight on each connection. */
  readonly window: number
  readonly warmUpMs: number
  readonly durationMs: number
  /** Takes the next `count` requests of a connection, as one piece. */
  take(connection: number, count: number): Buffer
  /** Looks at an answer; throws when it is not the expected one. */
  check(head: Buffer, sizeBytes: number): void
}

export interface LoopTotals {
  readonly seconds: number
  readonly requests: number
  readonly answerBytes: number
  /** Nanoseconds from the send of a request to the end of its answer. */
  readonly latencyNs: RecordableHistogram
}

/** Counts between the end of the warm-up and the end of the duration. */
export class LoopMeter {
  requests = 0
  answerBytes = 0
  readonly latencyNs = createHistogram()
  #since = performance.now()

  restart(): void {
    this.requests = 0
    this.answerBytes = 0
    this.latencyNs.reset()
    this.#since = performance.now()
  }

  count(sentAtMs: number, sizeBytes: number): void {
    this.requests += 1
    this.answerBytes += sizeBytes
    this.latencyNs.record(Math.max(1, Math.round((performance.now() - sentAtMs) * 1e6)))
  }

  totals(): LoopTotals {
    const { requests, answerBytes, latencyNs } = this
    return { seconds: (performance.now() - this.#since) / 1000, requests, answerBytes, latencyNs }
  }
}

/** @throws when a connection breaks or an answer is wrong. */
export async function closedLoop(
  options: LoopOptions,
  onMeasuring: () => void = () => {},
): Promise<LoopTotals> {
  const meter = new LoopMeter()
  let stop: (error?: Error) => void = () => {}
  const stopped = new Promise<void>((resolve, reject) => {
    stop = (error) => (error ? reject(error) : resolve())
  })
  const connections = options.where.map((_, i) => openLooping(options, i, meter, stop))
  const timers: NodeJS.Timeout[] = []
  try {
    await Promise.all(connections.map(({ connection }) => connection.connected))
    for (const { begin } of connections) begin()
    const measure = () => {
      meter.restart()
      onMeasuring()
    }
    timers.push(setTimeout(measure, options.warmUpMs))
    timers.push(setTimeout(() => stop(), options.warmUpMs + options.durationMs))
    await stopped
    return meter.totals()
  } finally {
    for (const timer of timers) clearTimeout(timer)
    for (const { connection } of connections) connection.close()
  }
}

function openLooping(
  { where, window, take, check }: LoopOptions,
  index: number,
  meter: LoopMeter,
  stop: (error?: Error) => void,
) {
  /** When each request in flight was sent, in a circle. */
  const sentAt = new Float64Array(window)
  let oldest = 0
  let room = window
  const send = () => {
    const now = performance.now()
    const count = room
    for (let i = 0; i < count; i += 1) sentAt[(oldest + window - room + i) % window] = now
    room = 0
    connection.send(take(index, count))
  }
  const connection = new LoadConnection(where[index]!, {
    onAnswer(head, sizeBytes) {
      try {
        check(head, sizeBytes)
      } catch (error) {
        stop(error as Error)
      }
      meter.count(sentAt[oldest]!, sizeBytes)
      oldest = (oldest + 1) % window
      room += 1
    },
    onBurst: send,
    onError: stop,
  })
  return { connection, begin: send }
}
