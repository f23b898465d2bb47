/**
 * Holds the recorded conversations again, in order, with the broker under test: the recorded bytes
 * as they are, or with the ids exchanged where the broker gave others.
 */
import { apiByKey, apis } from '../../../protocol/apis.ts'
import { Reader } from '../../../protocol/bytes.ts'
import { FrameWriter } from '../../../protocol/frame.ts'
import { readRequestHeader, readResponseHeader } from '../../../protocol/header.ts'
import type { Api } from '../../../protocol/schema.ts'
import { before } from './between.ts'
import type { Case } from './cases.ts'
import { Exchange } from './exchange.ts'
import { type Heard, Line } from './line.ts'

export interface ReplayOptions {
  readonly host: string
  readonly port: number
  /** Pauses as long as in the recorded run: for a Kafka, which answers before it has done. */
  readonly slow?: boolean
}

export type Outcome =
  | { readonly kind: 'closed' }
  | { readonly kind: 'silent' }
  /** The body, decoded; in the ids of the recorded run. */
  | { readonly kind: 'answered'; readonly body: any }

export interface Compared {
  readonly one: Case
  readonly golden: Outcome
  readonly ours: Outcome
}

/** How long silence must last to count as silence. */
const silenceMs = 500
/** An answer that takes longer than this is none. */
const answerMsMax = 10_000

const apiByName = new Map(apis.map((api) => [api.name, api]))

export class Replay {
  readonly options: ReplayOptions
  readonly exchange = new Exchange()
  /** Bodies of the answers so far, by the name of the case, in the broker's own ids. */
  readonly answers = new Map<string, any>()
  /** What the broker advertises: key to its versions. */
  readonly advertised = new Map<number, readonly [min: number, max: number]>()
  #line: Line | undefined
  #conversation: string | undefined
  #correlationId = 100_000

  constructor(options: ReplayOptions) {
    this.options = options
  }

  /** Asks and waits for the answer, on a connection of its own. */
  async ask(name: string, version: number, body: any): Promise<any> {
    const api = apiByName.get(name)!
    const writer = new FrameWriter()
    this.#correlationId += 1
    const header = { apiVersion: version, correlationId: this.#correlationId, clientId: 'golden' }
    writer.request(api, header, body)
    const line = new Line(this.options)
    line.send(Buffer.concat(writer.take()))
    const heard = await line.hear(answerMsMax)
    line.close()
    if (!Buffer.isBuffer(heard)) throw new Error(`${name} v${version} was not answered: ${heard}`)
    return decode(api, version, heard)
  }

  async readAdvertised(): Promise<void> {
    const { apiKeys } = await this.ask('ApiVersions', 0, {})
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      this.advertised.set(apiKey, [minVersion, maxVersion])
    }
  }

  /** Whether the broker has, in the case's version, the API that the case asks. */
  concerns({ api: name, version = 0, decodedAsVersion }: Case): boolean {
    if (name === undefined || decodedAsVersion !== undefined) return true
    return this.has(name, version)
  }

  has(name: string, version?: number): boolean {
    const [min, max] = this.advertised.get(apiByName.get(name)!.key) ?? [1, 0]
    return version === undefined ? min <= max : version >= min && version <= max
  }

  async run(one: Case): Promise<Compared> {
    for (const step of before[one.what] ?? []) await step(this)
    const ours = await this.#converse(one)
    const golden = this.#recorded(one)
    if (ours.kind !== 'answered') return { one, golden, ours }
    this.answers.set(one.what, ours.body)
    if (golden.kind === 'answered') this.exchange.learnFrom(golden.body, ours.body)
    return { one, golden, ours: { kind: 'answered', body: this.exchange.toGolden(ours.body) } }
  }

  async #converse(one: Case): Promise<Outcome> {
    if (one.conversation === undefined || one.conversation !== this.#conversation) this.hangUp()
    this.#line ??= new Line(this.options)
    this.#conversation = one.conversation
    this.#line.send(this.#bytesOf(one))
    const heard = await this.#line.hear(one.silent ? silenceMs : answerMsMax)
    if (one.conversation === undefined) this.hangUp()
    return this.#outcome(one, heard)
  }

  /** Ends the connection of the conversation under way. */
  hangUp(): void {
    this.#line?.close()
    this.#line = undefined
  }

  #outcome(one: Case, heard: Heard): Outcome {
    if (!Buffer.isBuffer(heard)) return { kind: heard }
    if (one.api === undefined) return { kind: 'answered', body: heard.toString('hex') }
    const version = one.decodedAsVersion ?? one.version!
    return { kind: 'answered', body: decode(apiByName.get(one.api)!, version, heard) }
  }

  #recorded(one: Case): Outcome {
    if (one.closed) return { kind: 'closed' }
    if (one.silent) return { kind: 'silent' }
    return this.#outcome(one, Buffer.from(one.response_hex!, 'hex').subarray(4))
  }

  #bytesOf({ api: name, version, request, request_hex }: Case): Buffer {
    const bytes = Buffer.from(request_hex, 'hex')
    if (name === undefined || request === undefined || bytes.length === 0) return bytes
    const reader = new Reader(bytes.subarray(4))
    const api = apiByName.get(name)!
    const header = readRequestHeader(reader, apiByKey)
    const { min, max } = { min: api.versions[0], max: api.versions[1] }
    if (version! < min || version! > max) return bytes
    let body: unknown
    try {
      body = api.request(version!).read(reader)
    } catch {
      return bytes // Broken on purpose.
    }
    const exchanged = this.exchange.toOurs(body)
    if (exchanged === undefined) return bytes
    const writer = new FrameWriter()
    writer.request(api, { ...header, clientId: header.clientId || null }, exchanged as never)
    return Buffer.concat(writer.take())
  }
}

function decode(api: Api<any, any>, version: number, frame: Buffer): any {
  const reader = new Reader(frame)
  readResponseHeader(reader, api, version)
  const body = api.response(version).read(reader)
  if (reader.remaining > 0)
    throw new Error(`${api.name} v${version}: ${reader.remaining} bytes left`)
  return body
}
