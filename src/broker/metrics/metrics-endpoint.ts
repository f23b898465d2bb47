/**
 * `metrics.listener`: GET /metrics for Prometheus, /healthz and /readyz for whoever starts processes and sends
 * clients to them. Nothing is counted for it that is not counted anyway.
 */
import type { Coordinator } from '../../coordinator/coordinator.ts'
import type { Standby } from '../../coordinator/standby.ts'
import type { Limit } from '../../core/limit.ts'
import type { Env, HttpAnswer, HttpListener, HttpRequest } from '../../env/env.ts'
import type { Broker } from '../broker.ts'
import type { Address } from '../config/broker-endpoints.ts'
import { brokerFamilies } from './broker-families.ts'
import { brokerLimits } from './broker-limits.ts'
import { coordinatorFamilies, coordinatorLimits, standbyLimits } from './coordinator-families.ts'
import { type Exposition, expositionOf } from './exposition.ts'
import { limitFamilies, type NamedLimit } from './limit-families.ts'

export interface MetricsSources {
  readonly isBroker: boolean
  /** Undefined while the node looks for its cluster and opens its logs, too. */
  broker: Broker | undefined
  readonly coordinator: Coordinator | undefined
  readonly standby: Standby | undefined
}

const paths = new Set(['/metrics', '/healthz', '/readyz'])

const notJoined = { status: 503, body: 'The broker has not joined its cluster yet.\n' }

/** Whether clients are answered: without a lease a broker tells them nothing. */
function readiness({ isBroker, broker }: MetricsSources): HttpAnswer {
  if (!isBroker) return { status: 200, body: 'ready\n' }
  if (!broker?.joined) return notJoined
  if (!broker.session.mayLead()) return { status: 503, body: 'The broker holds no lease.\n' }
  return { status: 200, body: 'ready\n' }
}

export class MetricsEndpoint {
  readonly #env: Env
  readonly #sources: MetricsSources
  #listener: HttpListener | undefined
  #exposition: Promise<Exposition> | undefined

  private constructor(env: Env, sources: MetricsSources) {
    this.#env = env
    this.#sources = sources
  }

  /** Rejects with one clear sentence when the port cannot be used. */
  static async start(env: Env, where: Address, sources: MetricsSources): Promise<MetricsEndpoint> {
    const endpoint = new MetricsEndpoint(env, sources)
    if (env.http === undefined) throw new Error('metrics.listener: there is no HTTP here')
    try {
      endpoint.#listener = await env.http.listen(where, (request) => endpoint.#answer(request))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const why = code === 'EADDRINUSE' ? 'another process has that port' : message
      throw new Error(`metrics.listener=${where.host}:${where.port} cannot be used: ${why}`, {
        cause: error,
      })
    }
    const { host, port } = endpoint.#listener
    env.log.info('Metrics are told over HTTP', { host, port, path: '/metrics' })
    return endpoint
  }

  /** The port that was bound. */
  get port(): number {
    return this.#listener?.port ?? 0
  }

  get limit(): Limit | undefined {
    if (this.#listener === undefined) return undefined
    const { connections: used, connectionsMax: max, refused } = this.#listener
    return { used, max, refused }
  }

  async close(): Promise<void> {
    await this.#listener?.close()
  }

  async #answer({ method, path }: HttpRequest): Promise<HttpAnswer> {
    if (!paths.has(path)) return { status: 404, body: `There are ${[...paths].join(', ')}.\n` }
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, headers: { allow: 'GET, HEAD' }, body: `${path} can only be read.\n` }
    // The loop that answers is the one that serves clients.
    if (path === '/healthz') return { status: 200, body: 'ok\n' }
    if (path === '/readyz') return readiness(this.#sources)
    return this.#metrics()
  }

  async #metrics(): Promise<HttpAnswer> {
    const { isBroker, broker } = this.#sources
    if (isBroker && broker === undefined) return notJoined
    try {
      this.#exposition ??= expositionOf(this.#families())
      const exposition = await this.#exposition
      const headers = { 'content-type': exposition.contentType }
      return { status: 200, headers, body: await exposition.text() }
    } catch (error) {
      this.#env.log.error('Metrics could not be told', { reason: (error as Error).message })
      throw error
    }
  }

  #families() {
    const { broker, coordinator, standby } = this.#sources
    const limits = [
      ...(broker ? brokerLimits(broker) : []),
      ...(coordinator ? coordinatorLimits(coordinator) : []),
      ...(standby ? standbyLimits(standby) : []),
      this.#ownLimit,
    ]
    return [
      ...(broker ? brokerFamilies(broker) : []),
      ...(coordinator ? coordinatorFamilies(coordinator) : []),
      ...limitFamilies(limits),
    ]
  }

  get #ownLimit(): NamedLimit {
    return {
      name: 'metrics_connections',
      bounds: 'connections to `metrics.listener`',
      refusal: 'a connection is closed at once',
      read: () => this.limit,
    }
  }
}
