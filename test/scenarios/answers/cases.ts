/** What a real Kafka 4.3.1 was asked and answered: ../golden/README.md. */
import { readVectors } from '../../protocol/vectors.ts'

export interface Case {
  readonly what: string
  /** The rule's id in the notes on Kafka's behaviour. */
  readonly rule: string
  readonly api?: string
  readonly version?: number
  readonly request?: Record<string, unknown>
  /** The whole frame with its size; empty when the bytes were sent with the case before. */
  readonly request_hex: string
  readonly response_hex?: string
  readonly closed?: boolean
  /** No answer and no close within three seconds. */
  readonly silent?: boolean
  /** The answer is in this version: the fallback of ApiVersions. */
  readonly decodedAsVersion?: number
  /** Cases of one name share a connection. */
  readonly conversation?: string
}

export const cases: readonly Case[] = readVectors('../scenarios/golden/answers.jsonl.gz')
