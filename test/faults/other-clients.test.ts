/**
 * kafkajs and @platformatic/kafka at their default settings (but for acks), beside our own client: each goes on
 * through a kill, a freeze and a rolling restart, and what was acknowledged is there, once for ours.
 */
import { Producer as Platformatic } from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Faulted, pause, sound, until } from '../cluster/faulted.ts'
import { anomalies, type Sent } from '../cluster/history.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { readAll } from '../cluster/workload.ts'

const { Kafka, logLevel } = kafkajs
const cluster = new LocalCluster()

beforeAll(() => cluster.start(3), 60_000)
afterAll(() => cluster.close(), 30_000)

/** Sends one value after the other; what fails is not sent again by the test. */
class OtherLoad {
  readonly topic: string
  readonly sent: Sent[] = []
  #running = true
  readonly #done: Promise<void>

  constructor(topic: string, send: (value: string) => Promise<number>) {
    this.topic = topic
    this.#done = this.#run(send)
  }

  async #run(send: (value: string) => Promise<number>): Promise<void> {
    for (let n = 0; this.#running; n++) {
      const value = `${this.topic}-${n}`
      const sentMs = performance.now()
      const offset = await send(value).catch(() => undefined)
      this.sent.push({ value, partition: 0, offset, sentMs, ackedMs: performance.now() })
      await pause(10)
    }
  }

  /** Something was acknowledged that was sent from now on. */
  async acknowledged(): Promise<void> {
    const sinceMs = performance.now()
    await until(
      () => this.sent.some(({ offset, sentMs }) => offset !== undefined && sentMs > sinceMs),
      `an acknowledgement for ${this.topic}`,
    )
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#done
  }
}

const brokers = () => cluster.bootstrap.map(({ host, port }) => `${host}:${port}`)

async function kafkajsLoad(topic: string) {
  const producer = new Kafka({ brokers: brokers(), logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  const load = new OtherLoad(topic, async (value) => {
    const [answer] = await producer.send({ topic, messages: [{ value, partition: 0 }] })
    return Number(answer?.baseOffset)
  })
  return { load, close: () => producer.disconnect() }
}

async function platformaticLoad(topic: string) {
  const producer = new Platformatic({ clientId: 'faults', bootstrapBrokers: brokers() })
  const load = new OtherLoad(topic, async (value) => {
    const messages = [{ topic, partition: 0, value: Buffer.from(value) }]
    // By default the leader's word alone would be enough for it.
    const { offsets } = await producer.send({ messages, acks: -1 })
    return Number(offsets?.[0]?.offset)
  })
  return { load, close: () => producer.close() }
}

test('other clients and ours go on through a kill, a freeze and a rolling restart', async () => {
  const faulted = await Faulted.start(cluster, 'ours')
  for (const topic of ['kafkajs', 'platformatic']) await faulted.createBeside(topic)
  const others = [await kafkajsLoad('kafkajs'), await platformaticLoad('platformatic')]
  const allAcknowledged = () =>
    Promise.all([faulted.acknowledged(), ...others.map(({ load }) => load.acknowledged())])
  await allAcknowledged()
  const victim = await faulted.leader()
  await cluster.kill(victim)
  await allAcknowledged()
  await cluster.startBroker(victim)
  await faulted.whole()
  const frozen = await faulted.leader()
  cluster.freeze(frozen)
  await pause(2000)
  cluster.thaw(frozen)
  await allAcknowledged()
  await faulted.whole()
  for (const id of [1, 2, 3]) {
    await cluster.stopBroker(id)
    await cluster.startBroker(id)
    await faulted.whole()
  }
  await allAcknowledged()
  const found: Record<string, string[]> = {}
  for (const { load, close } of others) {
    await load.stop()
    const log = await readAll(cluster.bootstrap, load.topic, 1)
    // Neither is idempotent by default: it may write again what it does not know to be written.
    found[load.topic] = anomalies(load.sent, log, { idempotent: false })
    await close()
  }
  expect([await faulted.outcome(), found]).toEqual([sound, { kafkajs: [], platformatic: [] }])
}, 240_000)
