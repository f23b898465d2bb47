/** Whether a connection is let in, and when: limits on how many there are, and on how many come in a second. */
import type { Limit } from '../core/limit.ts'
import type { Broker } from './broker.ts'
import { connectionsMaxOf } from './config/connection-limits.ts'
import { ConnectionRate } from './connection-rate.ts'

/** Why one is turned away. */
export interface Refusal {
  /** What the log's line is about: each is told once in a while. */
  readonly about: string
  readonly fields: Readonly<Record<string, string | number>>
  readonly what: string
}

export class Admission {
  readonly #broker: Broker
  readonly #hosts = new Counts()
  readonly #listeners = new Counts()
  readonly #turnedAway = { all: 0, host: 0 }
  /** By listener; that of the whole broker has no name. */
  readonly #rates = new Map<string, ConnectionRate>()

  constructor(broker: Broker) {
    this.#broker = broker
  }

  get connectionLimit(): Limit {
    const max = this.#broker.effective.get('max.connections')
    return { used: this.#listeners.all, max, refused: this.#turnedAway.all }
  }

  /** Of the address that has most; addresses with a limit of their own aside. */
  get addressLimit(): Limit {
    const max = this.#broker.effective.get('max.connections.per.ip')
    return { used: this.#hosts.most, max, refused: this.#turnedAway.host }
  }

  /** Counts it in, or says why not. */
  admit(host: string, listenerName: string): Refusal | undefined {
    const { effective } = this.#broker
    const max = effective.get('max.connections')
    const isFull = this.#listeners.all >= max && !this.#isBrokersOwn(listenerName)
    const listenerMax = effective.forListener(listenerName, 'max.connections')
    if (isFull || this.#listeners.of(listenerName) >= listenerMax) {
      this.#turnedAway.all++
      const fields = { host, 'max.connections': Math.min(max, listenerMax) }
      return { about: 'all', fields, what: 'there are too many' }
    }
    const hostMax = connectionsMaxOf(effective, host)
    if (this.#hosts.of(host) >= hostMax) {
      this.#turnedAway.host++
      const fields = { host, 'max.connections.per.ip': hostMax }
      return { about: host, fields, what: 'its address has too many' }
    }
    this.#hosts.add(host)
    this.#listeners.add(listenerName)
    return undefined
  }

  forget(host: string, listenerName: string): void {
    this.#hosts.remove(host)
    this.#listeners.remove(listenerName)
  }

  /** How long one that comes now is not read, because others came shortly before it. */
  waitMs(listenerName: string): number {
    const { effective } = this.#broker
    const name = 'max.connection.creation.rate'
    const ofListener = this.#wait(listenerName, effective.forListener(listenerName, name))
    const ofAll = this.#isBrokersOwn(listenerName) ? 0 : this.#wait('', effective.get(name))
    return Math.max(ofListener, ofAll)
  }

  #wait(key: string, perSecond: number): number {
    let rate = this.#rates.get(key)
    if (rate === undefined) {
      rate = new ConnectionRate()
      this.#rates.set(key, rate)
    }
    return rate.waitMs(perSecond, this.#broker.env.clock.monotonicMs())
  }

  /** As in Kafka clients cannot keep brokers from each other, where those have a listener to themselves. */
  #isBrokersOwn(listenerName: string): boolean {
    const { config, server } = this.#broker
    return server.ports.size > 1 && config.endpoints.interBrokerListenerName === listenerName
  }
}

/** How many there are of each name; names without any are not kept. */
class Counts {
  readonly #counts = new Map<string, number>()
  all = 0

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  get most(): number {
    let most = 0
    for (const count of this.#counts.values()) if (count > most) most = count
    return most
  }

  add(name: string): void {
    this.all++
    this.#counts.set(name, this.of(name) + 1)
  }

  remove(name: string): void {
    this.all--
    const left = this.of(name) - 1
    if (left > 0) this.#counts.set(name, left)
    else this.#counts.delete(name)
  }
}
