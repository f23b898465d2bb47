/**
 * The one error that the client throws.
 *
 * Codes of brokers are Kafka's. What goes wrong on this side has the negative numbers and the
 * texts of librdkafka, because that is what people search for.
 */
import { errorByCode } from '../../protocol/errors.ts'

export class KafkaError extends Error {
  /** Kafka's error code, or a negative number of librdkafka for an error on this side. */
  readonly code: number
  /** True when the same request may succeed later, perhaps after a metadata refresh. */
  readonly retriable: boolean

  constructor(code: number, name: string, message: string, retriable: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.name = name
    this.retriable = retriable
  }
}

/** Errors on this side: librdkafka's number, may it be tried again. */
const local = {
  DESTROY: [-197, false],
  TRANSPORT: [-195, true],
  RESOLVE: [-193, true],
  MSG_TIMED_OUT: [-192, false],
  UNKNOWN_PARTITION: [-190, false],
  UNKNOWN_TOPIC: [-188, false],
  ALL_BROKERS_DOWN: [-187, true],
  INVALID_ARG: [-186, false],
  TIMED_OUT: [-185, true],
  QUEUE_FULL: [-184, true],
  SSL: [-181, false],
  UNSUPPORTED_FEATURE: [-165, false],
  AUTHENTICATION: [-169, false],
  FENCED: [-144, false],
  BAD_MSG: [-199, false],
} as const

export type LocalErrorName = keyof typeof local

/** An error that this side found. */
export function localError(name: LocalErrorName, message: string, cause?: unknown): KafkaError {
  const [code, retriable] = local[name]
  return new KafkaError(code, name, message, retriable, cause)
}

/** An error code of a broker; `detail` is the broker's own sentence, `what` names the thing asked for. */
export function brokerError(code: number, what: string, detail?: string | null): KafkaError {
  const { name, retriable } = errorByCode(code)
  const said = detail ? `: ${detail}` : ''
  return new KafkaError(code, name, `${what}: ${name} (${code})${said}`, retriable)
}

/** Throws when `code` is not 0. */
export function checkError(code: number, what: string, detail?: string | null): void {
  if (code !== 0) throw brokerError(code, what, detail)
}

export const isRetriable = (error: unknown): boolean =>
  error instanceof KafkaError && error.retriable
