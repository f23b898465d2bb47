/** What a broker tells the coordinator about itself, and the words both use. */
import type { MessageOf } from '../../../protocol/coordinator/messages.ts'
import type { Dial } from './link.ts'

export interface SessionOptions {
  readonly dial: Dial
  readonly brokerId: number
  /** '' takes the coordinator's; otherwise another cluster's coordinator refuses us. */
  readonly clusterId: string
  readonly rack: string | null
  readonly listeners: readonly {
    name: string
    host: string
    port: number
    securityProtocol: number
  }[]
  readonly features: readonly { name: string; minVersion: number; maxVersion: number }[]
  /** Ids of those that can be used. */
  readonly logDirs: readonly string[]
  /** Ids of those that have failed since. */
  offlineLogDirs?(): string[]
  /** Ids of those that take no new replicas now. */
  cordonedLogDirs?(): string[]
  /** Where its logs of these partitions end; without those that it cannot use. */
  logEnds?(asked: MessageOf<'askLogEnds'>['items']): MessageOf<'logEnds'>['items']
  readonly cleanShutdown: boolean
  /** A data directory is a copy of what was used last, made while it was in use. */
  readonly restored?: boolean
  /** 22 characters, changes with each boot of the machine; see `bootIdOf`. */
  readonly bootId: string
  /** In which the data directories were used last; -1 when unknown. */
  readonly previousBrokerEpoch: number
  /** Called in the turn in which a new incarnation is registered, before it can serve. */
  onRegistered?(brokerEpoch: number): void
  /** `lease.outage.policy`: go on when the lease has ended because no coordinator is there. */
  readonly goesOnWithout?: boolean
  /** For how long another process with the same id is waited for at the start. */
  readonly registrationMaxMs?: number
  /** This broker cannot be part of the cluster any more: the process must end. */
  onRefused?(error: Error): void
  readonly durable: boolean
  /** For requests that say -1: num.partitions and default.replication.factor. */
  readonly defaultPartitions: number
  readonly defaultReplicationFactor: number
}

/** The coordinator refused; `errorCode` is Kafka's. */
export class CoordinatorError extends Error {
  readonly errorCode: number
  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}

export const brokerStates = { starting: 0, active: 1, draining: 2, mayStop: 3 } as const
/** Granted while broker and coordinator share a process: they stop and fail together. */
export const leaseForLocalMs = 2147483647

/** Kafka's error codes that a session gives a meaning of its own. */
export const codes = {
  requestTimedOut: 7,
  notController: 41,
  invalidRequest: 42,
  duplicateBroker: 101,
  inconsistentClusterId: 104,
} as const

/** A coordinator that does not answer is given up, and the connection made again. */
export const silenceMaxMs = 2000
