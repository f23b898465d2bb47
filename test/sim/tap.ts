/**
 * Reads along on every connection: requests and their answers, decoded, at the moment in which a
 * process hands them to its kernel. Checks and aimed faults hang on it, and the printed messages.
 */
import { apiByKey } from '../../protocol/apis.ts'
import { Reader } from '../../protocol/bytes.ts'
import { decodeFrame } from '../../protocol/coordinator/frame.ts'
import type { Message } from '../../protocol/coordinator/messages.ts'
import { FrameReader } from '../../protocol/frame.ts'
import { readRequestHeader, readResponseHeader } from '../../protocol/header.ts'
import type { Api } from '../../protocol/schema.ts'
import { brokerPort, coordinatorPort } from './cluster.ts'
import type { Tap } from './network.ts'
import type { End } from './network-end.ts'

/** One request to a broker. */
export interface Asked {
  readonly connection: number
  readonly from: string
  readonly to: string
  readonly api: Api<any, any>
  readonly version: number
  readonly request: any
  readonly atMs: number
  /** For who listens: what was known when it was asked. */
  note: unknown
}

export interface TapListener {
  asked?(asked: Asked): void
  answered?(asked: Asked, response: any): void
  /** A message between a broker and the coordinator. */
  told?(from: string, to: string, message: Message): void
  /** All that was written at once has been seen. */
  seen?(): void
}

interface Stream {
  readonly frames: FrameReader
  readonly pending: Map<number, Asked>
}

export class WireTap implements Tap {
  readonly listeners: TapListener[] = []
  readonly #nowMs: () => number
  /** By connection: its two directions. */
  readonly #streams = new Map<number, { request: Stream; response: FrameReader }>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  wrote(end: End, bytes: Buffer): void {
    const isRequest = end.localPort === 0
    const port = isRequest ? end.remotePort : end.localPort
    let streams = this.#streams.get(end.id)
    if (streams === undefined) {
      streams = {
        request: { frames: new FrameReader(), pending: new Map() },
        response: new FrameReader(),
      }
      this.#streams.set(end.id, streams)
    }
    const from = end.process.name
    const to = end.remoteHost
    // Frames that span writes are collected: the reader keeps no view into what is poisoned later.
    const frames = (isRequest ? streams.request.frames : streams.response).feed(bytes)
    for (const frame of frames) {
      if (port === coordinatorPort) this.#told(from, to, frame)
      else if (port === brokerPort && isRequest) this.#request(streams.request, end, frame)
      else if (port === brokerPort) this.#response(streams.request, frame)
    }
    for (const listener of this.listeners) listener.seen?.()
  }

  #told(from: string, to: string, frame: Buffer): void {
    const { message } = decodeFrame(frame)
    for (const listener of this.listeners) listener.told?.(from, to, message)
  }

  #request({ pending }: Stream, end: End, frame: Buffer): void {
    const reader = new Reader(frame)
    const { apiKey, apiVersion, correlationId } = readRequestHeader(reader, apiByKey)
    const api = apiByKey(apiKey)!
    const request = api.request(apiVersion).read(reader)
    const asked: Asked = {
      connection: end.id,
      from: end.process.name,
      to: end.remoteHost,
      api,
      version: apiVersion,
      request,
      atMs: this.#nowMs(),
      note: undefined,
    }
    pending.set(correlationId, asked)
    for (const listener of this.listeners) listener.asked?.(asked)
  }

  #response({ pending }: Stream, frame: Buffer): void {
    const correlationId = frame.readInt32BE(0)
    const asked = pending.get(correlationId)
    if (asked === undefined) return
    pending.delete(correlationId)
    const reader = new Reader(frame)
    readResponseHeader(reader, asked.api, asked.version)
    const response = asked.api.response(asked.version).read(reader)
    for (const listener of this.listeners) listener.answered?.(asked, response)
  }
}
