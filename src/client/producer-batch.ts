import type { KafkaError } from './kafka-error.ts'

/** What a producer tells about records that a broker has taken. */
export interface Delivered {
  readonly topic: string
  readonly partition: number
  /** -1 when the broker did not say (acks=0, or a duplicate). */
  readonly baseOffset: number
  readonly count: number
  readonly nodeId: number
  /** The broker's time when the topic uses LogAppendTime, else -1. */
  readonly logAppendTimeMs: number
}

export interface Undelivered {
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly error: KafkaError
}

/** A sealed batch on its way. */
export interface ProducerBatch {
  readonly bytes: Buffer
  readonly count: number
  /** What it takes of the producer's memory: its size before compression. */
  readonly chargedBytes: number
  readonly deadlineMs: number
  /** Sequence of the first record; -1 until it is sent for the first time in this epoch. */
  baseSequence: number
  attempts: number
  /** Given up at its deadline while in flight: its answer interests nobody any more. */
  expired: boolean
  readonly waiters: Waiter[]
}

/** Somebody who waits for one record of a batch. */
export interface Waiter {
  readonly index: number
  readonly resolve: (delivered: { partition: number; offset: number; timestampMs: number }) => void
  readonly reject: (error: KafkaError) => void
  readonly timestampMs: number
}
