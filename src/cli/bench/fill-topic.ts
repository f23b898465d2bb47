import { type BenchTarget, expectNoError } from './bench-target.ts'
import { LoadConnection } from './load-connection.ts'
import { produceErrorAt, produceFrame } from './load-frames.ts'

/** Writes `count` times the same batches to each partition, eight in flight. */
export async function fillTopic(
  target: BenchTarget,
  topic: string,
  partitions: number,
  batches: readonly Buffer[],
  count: number,
): Promise<void> {
  const errorAt = produceErrorAt(topic)
  const frames = batches.flatMap((batch) =>
    Array.from({ length: partitions }, (_, i) => produceFrame(topic, i, 1, batch)),
  )
  const total = count * frames.length
  let sent = 0
  let answered = 0
  await new Promise<void>((resolve, reject) => {
    const send = () => {
      while (sent < total && sent - answered < 8) {
        connection.send(frames[sent % frames.length]!)
        sent += 1
      }
    }
    const connection = new LoadConnection(target, {
      onAnswer(head) {
        answered += 1
        try {
          expectNoError(head.readInt16BE(errorAt), `Produce to ${topic}`)
        } catch (error) {
          reject(error)
        }
      },
      onBurst() {
        if (answered < total) return send()
        connection.close()
        resolve()
      },
      onError: reject,
    })
    connection.connected.then(send, reject)
  })
}
