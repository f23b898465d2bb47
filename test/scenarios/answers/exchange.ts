/**
 * The ids of the recorded run exchanged for those that the broker under test gave: topic ids,
 * member ids, producer ids, fetch sessions. They are learnt by walking both answers side by side.
 */

import { crc32c } from '../../../protocol/crc32c.ts'
import { crcOf, producerIdOf } from '../../../protocol/record-batch.ts'

/** Fields that hold ids, by what they identify. */
const kinds: Record<string, string> = {
  topicId: 'topic',
  topicIds: 'topic',
  memberId: 'member',
  leader: 'member',
  producerId: 'producer',
  v3AndBelowProducerId: 'producer',
  sessionId: 'session',
  clusterId: 'cluster',
}
const kindOf = (name: string, value: unknown): string | undefined => {
  const kind = kinds[name]
  // `leader` is a member in JoinGroup and DescribeGroups, a broker elsewhere.
  if (kind === 'member' || kind === 'topic' || kind === 'cluster') {
    return typeof value === 'string' && value !== '' && !/^A+$/.test(value) ? kind : undefined
  }
  return typeof value === 'number' && value > (kind === 'session' ? 0 : -1) ? kind : undefined
}

export class Exchange {
  readonly #toOurs = new Map<string, unknown>()
  readonly #toGolden = new Map<string, unknown>()

  learn(name: string, golden: unknown, ours: unknown): void {
    const kind = kindOf(name, golden)
    if (kind === undefined || kindOf(name, ours) === undefined) return
    if (this.#toOurs.has(`${kind} ${golden}`)) return
    this.#toOurs.set(`${kind} ${golden}`, ours)
    this.#toGolden.set(`${kind} ${ours}`, golden)
  }

  /** Learns from two answers of one shape. */
  learnFrom(golden: unknown, ours: unknown, name = ''): void {
    if (Array.isArray(golden) && Array.isArray(ours)) {
      for (let i = 0; i < Math.min(golden.length, ours.length); i += 1) {
        this.learnFrom(golden[i], ours[i], name)
      }
    } else if (isObject(golden) && isObject(ours)) {
      for (const key of Object.keys(golden)) this.learnFrom(golden[key], ours[key], key)
    } else {
      this.learn(name, golden, ours)
    }
  }

  /** A request of the recorded run as it must be sent now; `undefined` when nothing is to change. */
  toOurs<T>(request: T): T | undefined {
    return this.#walk(request, '', this.#toOurs) as T | undefined
  }

  /** An answer of the broker under test in the ids of the recorded run. */
  toGolden<T>(answer: T): T {
    return (this.#walk(answer, '', this.#toGolden) as T | undefined) ?? answer
  }

  /** `undefined` when nothing changed. */
  #walk(value: unknown, name: string, ids: Map<string, unknown>): unknown {
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#walk(item, name, ids))
      if (items.every((item) => item === undefined)) return undefined
      return items.map((item, i) => item ?? value[i])
    }
    if (Buffer.isBuffer(value)) {
      return name === 'records' ? this.#walkBatches(value, ids) : undefined
    }
    if (isObject(value)) {
      const fields = Object.entries(value).map(([key, field]) => [key, this.#walk(field, key, ids)])
      if (fields.every(([, field]) => field === undefined)) return undefined
      return { ...value, ...Object.fromEntries(fields.filter(([, field]) => field !== undefined)) }
    }
    const kind = kindOf(name, value)
    const other = kind === undefined ? undefined : ids.get(`${kind} ${value}`)
    return other === value ? undefined : other
  }

  /** Record batches hold producer ids, under their checksum. A wrong checksum stays wrong. */
  #walkBatches(bytes: Buffer, ids: Map<string, unknown>): Buffer | undefined {
    let changed: Buffer | undefined
    for (let at = 0; at + 61 <= bytes.length; ) {
      const size = bytes.readInt32BE(at + 8) + 12
      if (size < 61 || at + size > bytes.length || bytes[at + 16] !== 2) break
      const other = ids.get(`producer ${producerIdOf(bytes, at)}`)
      if (typeof other === 'number' && other !== producerIdOf(bytes, at)) {
        changed ??= Buffer.from(bytes)
        const covered = changed.subarray(at + 21, at + size)
        const intact = crcOf(bytes, at) === crc32c(covered)
        changed.writeBigInt64BE(BigInt(other), at + 43)
        if (intact) changed.writeUInt32BE(crc32c(covered), at + 17)
      }
      at += size
    }
    return changed
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value)
}
