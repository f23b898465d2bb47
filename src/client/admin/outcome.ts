import { brokerError, type KafkaError } from '../kafka-error.ts'

/** What became of one of many things asked for in one request. */
export interface Outcome {
  readonly name: string
  readonly error?: KafkaError | undefined
}

export function outcomeOf(
  name: string,
  errorCode: number,
  what: string,
  detail?: string | null,
): Outcome {
  return errorCode === 0 ? { name } : { name, error: brokerError(errorCode, what, detail) }
}
