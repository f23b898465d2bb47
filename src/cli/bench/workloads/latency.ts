/**
 * An open loop: requests leave at a fixed rate, whatever the broker does, and each is measured from
 * the moment at which it should have left. A stall is thus counted for all that it delays.
 *
 * Requests leave in ticks of `tickMs`; how late the ticks were is told beside the figures, and is part
 * of them.
 */
import { createHistogram, performance } from 'node:perf_hooks'
import { CostMeter, type Figures, percentiles, perSecond } from '../bench-result.ts'
import { type BenchTarget, createTopic, deleteTopic } from '../bench-target.ts'
import { LoadConnection } from '../load-connection.ts'
import { type CodecName, loadBatch, produceErrorAt, produceFrame } from '../load-frames.ts'
import { metronome } from '../metronome.ts'
import { workload } from '../workload.ts'

const defaults = {
  topic: 'bench-latency',
  ratePerSecond: 5000,
  batchBytes: 16_384,
  recordBytes: 100,
  codec: 'none',
  partitions: 1,
  connections: 4,
  acks: 1,
  tickMs: 1,
  warmUpMs: 3000,
  durationMs: 10_000,
}
type Settings = typeof defaults

/** The times at which the requests in flight of one connection should have left, oldest first. */
interface Lane {
  readonly connection: LoadConnection
  readonly intendedMs: number[]
  done: number
}

async function openLoop(target: BenchTarget, settings: Settings, onMeasuring: () => void) {
  const { topic, connections, partitions, acks, tickMs } = settings
  const batch = loadBatch({ ...settings, codec: settings.codec as CodecName })
  const errorAt = produceErrorAt(topic)
  const frames = Array.from({ length: partitions }, (_, i) => produceFrame(topic, i, acks, batch))
  const latencyNs = createHistogram()
  const latenessNs = createHistogram()
  let measuring = false
  let answered = 0
  let stop: (error?: Error) => void = () => {}
  const stopped = new Promise<void>((resolve, reject) => {
    stop = (error) => (error ? reject(error) : resolve())
  })
  const lanes = Array.from({ length: connections }, (): Lane => {
    const lane: Lane = {
      ...{ intendedMs: [], done: 0 },
      connection: new LoadConnection(target, {
        onAnswer(head) {
          if (head.readInt16BE(errorAt) !== 0) {
            stop(new Error(`Produce to ${topic}: error ${head.readInt16BE(errorAt)}`))
          }
          const took = performance.now() - lane.intendedMs[lane.done]!
          lane.done += 1
          answered += 1
          if (measuring) latencyNs.record(Math.max(1, Math.round(took * 1e6)))
          if (lane.done === lane.intendedMs.length) {
            lane.intendedMs.length = 0
            lane.done = 0
          }
        },
        onBurst() {},
        onError: stop,
      }),
    }
    return lane
  })
  let end: () => Promise<unknown> = async () => {}
  try {
    await Promise.all(lanes.map(({ connection }) => connection.connected))
    let startMs: number | undefined
    let ticks = 0
    let sent = 0
    const tick = (dueMs: number) => {
      const now = performance.now()
      startMs ??= dueMs
      if (now >= startMs + settings.warmUpMs + settings.durationMs) return stop()
      ticks += 1
      if (measuring) latenessNs.record(Math.max(1, Math.round((now - dueMs) * 1e6)))
      const due = Math.floor((ticks * tickMs * settings.ratePerSecond) / 1000)
      for (; sent < due; sent += 1) {
        const lane = lanes[sent % connections]!
        lane.intendedMs.push(dueMs)
        lane.connection.send(frames[sent % partitions]!)
      }
      if (measuring || now - startMs < settings.warmUpMs) return
      measuring = true
      answered = 0
      onMeasuring()
    }
    end = metronome(tickMs, tick, stop)
    await stopped
    const waiting = lanes.reduce((sum, lane) => sum + lane.intendedMs.length - lane.done, 0)
    return { answered, waiting, latencyNs, latenessNs, batchBytes: batch.length }
  } finally {
    await end()
    for (const { connection } of lanes) connection.close()
  }
}

export const latency = workload<Settings>({
  name: 'latency',
  description: 'writes at a fixed rate and measures from the time each request should have left',
  defaults,
  small: { durationMs: 200, warmUpMs: 50, ratePerSecond: 200 },
  async run(target, settings): Promise<Figures> {
    await createTopic(target, settings.topic, settings.partitions)
    try {
      const cost = new CostMeter(target)
      const loop = await openLoop(target, settings, () => cost.start())
      return {
        ...percentiles(loop.latencyNs),
        requestsPerSecond: perSecond(loop.answered, settings.durationMs / 1000),
        unansweredAtEnd: loop.waiting,
        generatorLateP99Ms: loop.latenessNs.percentile(99) / 1e6,
        ...cost.figures(loop.answered * loop.batchBytes),
      }
    } finally {
      await deleteTopic(target, settings.topic)
    }
  },
})
