/** A group of client processes on one topic, while records are written to it. */
import { fromLine, java, type Program } from './adapters/line-protocol.ts'
import { createTopic } from './admin.ts'
import { type Running, start, until } from './process.ts'
import type { Target } from './target.ts'

const partitions = 6
/** A loaded machine, a JVM, a session timeout and a rebalance. */
const settledMsMax = 120_000

export type Protocol = 'classic' | 'consumer'

export class GroupPlay {
  readonly members: Running[] = []
  readonly #everybody: Running[] = []
  readonly #target: Target
  readonly #topic: string
  readonly #program: Program
  #written = 0

  constructor(target: Target, topic: string, program: Program) {
    this.#target = target
    this.#topic = topic
    this.#program = program
  }

  async createTopic(): Promise<void> {
    await createTopic(this.#target, this.#topic, { partitions })
  }

  join(protocol: Protocol): void {
    const { command, args, env } = this.#program
    const { bootstrap } = this.#target
    const group = `g-${this.#topic}`
    const member = start(command, [...args, 'group', bootstrap, this.#topic, group, protocol], env)
    this.members.push(member)
    this.#everybody.push(member)
  }

  /** The oldest member leaves; resolves when it has ended. */
  async leave(): Promise<void> {
    const code = await this.members.shift()!.finish()
    if (code !== 0) throw new Error(`A member that left ended with ${code}`)
  }

  /** The oldest member is killed. */
  async kill(): Promise<void> {
    await this.members.shift()!.kill()
  }

  async write(): Promise<void> {
    const values = Array.from({ length: 120 }, (_, i) => `${this.#written + i}`)
    this.#written += values.length
    const records = values.map((value, i) => ({
      ...{ partition: i % partitions, key: null, headers: [] },
      value: Buffer.from(value),
    }))
    await java.writer!.produce(this.#target, this.#topic, records, 'none')
  }

  /** Every partition has one owner, and each member some. */
  shared(what: string): Promise<void> {
    const wanted = Array.from({ length: partitions }, (_, i) => i).join()
    return this.#settled(what, () => {
      const held = this.members.map(holds)
      return held.flat().sort().join() === wanted && held.every(({ length }) => length > 0)
    })
  }

  async allRead(): Promise<void> {
    const all = Array.from({ length: this.#written }, (_, i) => `${i}`)
    await this.#settled('every record is read', () => {
      const read = this.#read()
      return all.every((value) => read.has(value))
    })
    if (this.#read().size !== this.#written) throw new Error('More was read than written')
  }

  async end(): Promise<void> {
    for (const member of this.#everybody) await member.kill()
  }

  #read(): Set<string | undefined> {
    const lines = this.#everybody.flatMap((member) => member.lines)
    const records = lines.filter((line) => line.includes('"value"'))
    return new Set(records.map((line) => fromLine(line).value?.toString()))
  }

  #settled(what: string, done: () => boolean): Promise<void> {
    const state = () =>
      JSON.stringify({
        members: this.members.map(holds),
        said: this.#everybody.map((member) => member.stderr().slice(-300)),
        read: this.#read().size,
        written: this.#written,
      })
    return until(() => `${what}: ${state()}`, done, settledMsMax)
  }
}

/** The partitions a member holds now: what was assigned less what was revoked since. */
function holds({ lines }: Running): number[] {
  const held = new Set<number>()
  for (const line of lines) {
    if (line.includes('"value"')) continue
    const { assigned, revoked } = JSON.parse(line)
    for (const partition of assigned ?? []) held.add(partition)
    for (const partition of revoked ?? []) held.delete(partition)
  }
  return [...held]
}
