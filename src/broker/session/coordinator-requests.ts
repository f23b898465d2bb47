/** Requests of a broker to its coordinator, over whichever connection carries the session then. */
import { Reader, Writer } from '../../../protocol/bytes.ts'
import { frameBytesMax } from '../../../protocol/coordinator/frame.ts'
import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import type { Api, Decoded, Encodable, Fields } from '../../../protocol/schema.ts'
import { type Limit, LimitOfEach } from '../../core/limit.ts'
import type { Env } from '../../env/env.ts'
import { answerWithin } from './answer-within.ts'
import type { Link } from './link.ts'
import { CoordinatorError, codes, silenceMaxMs } from './session.ts'

const submitMaxMs = 30_000
/** Requests that may wait for a coordinator at one time. */
const submissionsMax = 10_000
/** Beside a request there is little else in a frame. */
const requestBytesMax = frameBytesMax - 1024

export interface SubmitOptions {
  readonly timeoutMs?: number
  readonly apiVersion?: number
  /** For a coordinator that is not there, as long as for its answer. */
  readonly waits?: boolean
}

export interface RequestSource {
  /** The connection that carries the session; undefined while there is none. */
  readonly link: Link | undefined
  readonly brokerEpoch: number
  nextSequence(): number
  readonly defaultPartitions: number
  readonly defaultReplicationFactor: number
}

export class CoordinatorRequests {
  readonly #env: Env
  readonly #source: RequestSource
  readonly #absent = new Set<() => void>()
  /** Of each request: the coordinator would end the connection that brings it a larger one, and the session with it. */
  readonly bytes = new LimitOfEach(requestBytesMax)
  #submitted = 0
  #refused = 0

  constructor(env: Env, source: RequestSource) {
    this.#env = env
    this.#source = source
  }

  get limit(): Limit {
    return { used: this.#submitted, max: submissionsMax, refused: this.#refused }
  }

  /** The session stands (again): what waited for it goes out. */
  resume(): void {
    for (const run of this.#absent) run()
    this.#absent.clear()
  }

  /**
   * Sends an admin request to the coordinator. Rejects with CoordinatorError: 41 when there is no
   * coordinator to decide, 7 when no answer came in time (it may have been done), 42 when it is too large.
   * What some requests answer depends on the version, so a client's request keeps its own.
   */
  async submit<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    request: Encodable<Request>,
    options: SubmitOptions = {},
  ): Promise<Decoded<Response>> {
    const { timeoutMs = submitMaxMs, apiVersion = api.versions[1] } = options
    const payload = this.#encoded(api, apiVersion, request)
    const { defaultPartitions, defaultReplicationFactor } = this.#source
    if (this.#submitted >= submissionsMax) {
      this.#refused++
      throw new CoordinatorError(codes.notController, `${submissionsMax} requests wait already`)
    }
    const answer = await this.#request(
      (link) =>
        link.request(
          {
            type: 'adminOp',
            brokerEpoch: this.#source.brokerEpoch,
            sequence: this.#source.nextSequence(),
            apiKey: api.key,
            apiVersion,
            defaultPartitions,
            defaultReplicationFactor,
            request: payload,
          },
          'adminAck',
        ),
      timeoutMs,
      options.waits,
    )
    if (answer.errorCode !== 0)
      throw new CoordinatorError(answer.errorCode, answer.errorMessage ?? 'The coordinator refused')
    return api.response(apiVersion).read(new Reader(answer.response))
  }

  #encoded<Request extends Fields>(
    api: Api<Request, any>,
    apiVersion: number,
    request: Encodable<Request>,
  ): Buffer {
    const writer = new Writer()
    api.request(apiVersion).write(writer, request)
    const payload = writer.finish()
    const { bytes } = this
    if (payload.length > bytes.max) {
      bytes.refused++
      throw new CoordinatorError(
        codes.invalidRequest,
        `The request has ${payload.length} bytes, the coordinator takes ${bytes.max}: ask for less at one time`,
      )
    }
    bytes.took(payload.length)
    return payload
  }

  /** Always a definite answer, or a rejection: then the outcome is unknown and the proposal stands. */
  alterIsr(items: MessageOf<'alterIsr'>['items']): Promise<MessageOf<'alterIsrAck'>> {
    const { brokerEpoch } = this.#source
    return this.#request(
      (link) => link.request({ type: 'alterIsr', brokerEpoch, items }, 'alterIsrAck'),
      silenceMaxMs,
    )
  }

  /** Gives leaderships back (a failed disk): another replica is elected at once. Empty: all of them. */
  async relinquish(items: MessageOf<'relinquish'>['items']): Promise<void> {
    const { brokerEpoch } = this.#source
    await this.#request(
      (link) => link.request({ type: 'relinquish', brokerEpoch, items }, 'relinquishAck'),
      silenceMaxMs,
    )
  }

  async #request<T>(
    send: (link: Link) => Promise<T>,
    timeoutMs: number,
    waits = false,
  ): Promise<T> {
    const startMs = this.#env.clock.monotonicMs()
    this.#submitted++
    try {
      if (this.#source.link === undefined && waits)
        await answerWithin(this.#env, timeoutMs, new Promise<void>((run) => this.#absent.add(run)))
      const { link } = this.#source
      if (link === undefined)
        throw new CoordinatorError(codes.notController, 'No coordinator is connected')
      const leftMs = timeoutMs - (this.#env.clock.monotonicMs() - startMs)
      return await answerWithin(this.#env, leftMs, send(link))
    } finally {
      this.#submitted--
    }
  }
}
