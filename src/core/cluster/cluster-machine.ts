/**
 * The state that the coordinator keeps, and every decision about it.
 *
 * Kafka's admin requests come in decoded (a table, `kafka-requests.ts`); what brokers and the
 * passing of time ask for are commands of our own. Who holds which lease until when is not here:
 * it dies with the coordinator (`sessions.ts`).
 */
import type { ClusterRecord } from '../../../protocol/coordinator/record.ts'
import type { Decision, Machine } from '../machine.ts'
import { type AlterIsrItem, type AlterIsrResult, alterIsr } from './alter-isr.ts'
import {
  activateBroker,
  cordonDirectories,
  drainBroker,
  fenceBroker,
  type RegisterBroker,
  registerBroker,
  relinquish,
} from './brokers.ts'
import type { ConfigRules } from './config-rules.ts'
import { balanceLeaders, electLongest } from './elect-leaders.ts'
import { ClusterImage } from './image.ts'
import { decideKafkaRequest, type KafkaRequest } from './kafka-requests.ts'
import type { LogEndsOf } from './log-ends.ts'
import { eligibleAfter } from './min-insync.ts'

export type Command =
  | ({ readonly kind: 'register' } & RegisterBroker)
  | { readonly kind: 'activate' | 'drain'; readonly brokerId: number }
  | { readonly kind: 'fence'; readonly brokerId: number; readonly cause?: string }
  | { readonly kind: 'cordon'; readonly brokerId: number; readonly logDirs: readonly string[] }
  | {
      readonly kind: 'relinquish'
      readonly brokerId: number
      readonly items: readonly { topicId: string; partition: number; leaderEpoch: number }[]
    }
  | {
      readonly kind: 'alterIsr'
      readonly brokerId: number
      readonly items: readonly AlterIsrItem[]
    }
  | { readonly kind: 'balance'; readonly max: number }
  | { readonly kind: 'electLongest'; readonly logEnds: readonly LogEndsOf[] }
  | ({ readonly kind: 'kafka' } & KafkaRequest)

/** What `decide` answers to a kind of command. */
export type ReplyTo<K extends Command['kind']> = K extends 'register'
  ? { readonly errorCode: number; readonly errorMessage: string | null; brokerEpoch: number }
  : K extends 'alterIsr'
    ? AlterIsrResult[]
    : K extends 'kafka'
      ? object
      : undefined

export class ClusterMachine implements Machine<Command, unknown, ClusterRecord> {
  readonly image: ClusterImage
  readonly #rules: ConfigRules

  constructor(rules: ConfigRules, image = new ClusterImage()) {
    this.#rules = rules
    this.image = image
  }

  decide<C extends Command>(command: C): Decision<ReplyTo<C['kind']>, ClusterRecord> {
    return this.#decide(command) as Decision<ReplyTo<C['kind']>, ClusterRecord>
  }

  apply(record: ClusterRecord): void {
    this.image.apply(record)
    this.image.revision++
  }

  #decide(command: Command): Decision<unknown, ClusterRecord> {
    const { image } = this
    const only = (records: ClusterRecord[]) => ({ records, reply: undefined })
    switch (command.kind) {
      case 'register':
        return registerBroker(image, command)
      case 'activate':
        return only(activateBroker(image, command.brokerId))
      case 'fence':
        return only(fenceBroker(image, command.brokerId))
      case 'drain':
        return only(drainBroker(image, command.brokerId))
      case 'cordon':
        return only(cordonDirectories(image, command.brokerId, command.logDirs))
      case 'relinquish':
        return only(relinquish(image, command.brokerId, command.items))
      case 'alterIsr':
        return alterIsr(image, command.brokerId, command.items)
      case 'balance':
        return only(balanceLeaders(image, command.max))
      case 'electLongest':
        return only(electLongest(image, command.logEnds))
      case 'kafka': {
        const { records, reply } = decideKafkaRequest(image, this.#rules, command)
        return { records: [...records, ...eligibleAfter(image, records)], reply }
      }
    }
  }
}
