/**
 * Beats in even steps. A timer of Node is late by a millisecond, which would be most of a latency; a
 * thread that sleeps in between is late by a tenth of that, and costs next to nothing.
 */
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'

const thread = `
const { parentPort, workerData: stepMs } = require('node:worker_threads')
const never = new Int32Array(new SharedArrayBuffer(4))
const start = performance.now()
for (let beat = 1; ; beat++) {
  const dueMs = start + beat * stepMs
  const restMs = dueMs - performance.now()
  if (restMs > 0) Atomics.wait(never, 0, 0, restMs)
  parentPort.postMessage(performance.timeOrigin + dueMs)
}`

/**
 * Calls `beat` with the time, as of `performance.now()`, at which it should have been called.
 * @returns what ends it
 */
export function metronome(
  stepMs: number,
  beat: (dueMs: number) => void,
  onError: (error: Error) => void,
): () => Promise<unknown> {
  const worker = new Worker(thread, { eval: true, workerData: stepMs })
  worker.on('message', (due: number) => beat(due - performance.timeOrigin))
  worker.on('error', onError)
  return () => worker.terminate()
}
