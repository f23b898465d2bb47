/** The start of a connection: Hello, then Register. The metadata follows by itself. */
import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import type { Env } from '../../env/env.ts'
import { type Link, LinkClosedError } from './link.ts'
import { CoordinatorError, codes, type SessionOptions } from './session.ts'

/** Asking again keeps the connection from looking dead. */
const retryMaxMs = 1000

export interface Self {
  readonly clusterId: string
  readonly incarnation: string
  readonly cleanShutdown: boolean
  readonly restored: boolean
  readonly previousBrokerEpoch: number
  /** Monotonic: another incarnation of this broker is not waited for any longer. */
  readonly giveUpMs: number
}

/** All are called in the turn in which the coordinator's answer comes. */
export interface HandshakeResult {
  welcome(ack: MessageOf<'helloAck'>): void
  registered(brokerEpoch: number): void
  refused(error: Error): void
}

export function handshake(
  env: Env,
  link: Link,
  options: SessionOptions,
  self: Self,
  result: HandshakeResult,
): void {
  const { brokerId } = options
  const { clusterId, incarnation } = self
  link.ask(
    { type: 'hello', clusterId, brokerId, incarnation, minVersion: 0, maxVersion: 0 },
    'helloAck',
    (ack) => {
      if (ack.errorCode !== 0) result.refused(coordinatorError(ack))
      else if (!ack.active) result.refused(new LinkClosedError('This coordinator is a standby'))
      else {
        result.welcome(ack)
        register(env, link, options, self, result)
      }
    },
    result.refused,
  )
}

function register(
  env: Env,
  link: Link,
  options: SessionOptions,
  self: Self,
  result: HandshakeResult,
): void {
  const { brokerId, rack, listeners, features, logDirs, bootId, durable } = options
  const { incarnation, cleanShutdown, restored, previousBrokerEpoch } = self
  link.ask(
    {
      type: 'register',
      brokerId,
      incarnation,
      rack,
      listeners: [...listeners],
      features: [...features],
      logDirs: [...logDirs],
      cleanShutdown,
      restored,
      bootId,
      previousBrokerEpoch,
      durable,
    },
    'registerAck',
    (ack) => {
      const late = env.clock.monotonicMs() >= self.giveUpMs
      if (ack.errorCode === codes.duplicateBroker && !late) {
        const retryAfterMs = Math.min(ack.retryAfterMs, retryMaxMs)
        env.log.warn('An older incarnation of this broker still has a session', {
          brokerId,
          retryAfterMs,
        })
        env.timers.after(retryAfterMs, () => register(env, link, options, self, result))
      } else if (ack.errorCode !== 0) result.refused(coordinatorError(ack))
      else result.registered(ack.brokerEpoch)
    },
    result.refused,
  )
}

function coordinatorError(ack: { errorCode: number; errorMessage: string | null }): Error {
  return new CoordinatorError(ack.errorCode, ack.errorMessage ?? 'The coordinator refused')
}
