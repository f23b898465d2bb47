/** A broker on loopback that answers what a test tells it to, and leaves the rest without an answer. */
import { createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { Reader, Writer } from '../../protocol/bytes.ts'
import { FrameReader } from '../../protocol/frame.ts'
import { readRequestHeader, responseHeaderVersion } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import { Metadata } from '../../protocol/messages/metadata.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { Api } from '../../protocol/schema.ts'

const apis: readonly Api<any, any>[] = [ApiVersions, Metadata, InitProducerId, Produce]
const versions = new Map<Api<any, any>, number>([
  [ApiVersions, 3],
  [Metadata, 12],
  [InitProducerId, 4],
  [Produce, 9],
])

/** The response, or undefined for silence. */
type Script = (api: Api<any, any>, request: any, broker: ScriptedBroker) => object | undefined

export class ScriptedBroker {
  readonly nodeId: number
  port = 0
  /** Names of the APIs asked for, in their order. */
  readonly asked: string[] = []
  /** Silent from now on, connections and all: a frozen process. */
  frozen = false
  readonly #script: Script
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(nodeId: number, script: Script) {
    this.nodeId = nodeId
    this.#script = script
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async start(nodeId: number, script: Script): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(nodeId, script)
    await new Promise<void>((resolve) => broker.#server.listen(0, '127.0.0.1', () => resolve()))
    broker.port = (broker.#server.address() as { port: number }).port
    onTestFinished(() => broker.end())
    return broker
  }

  /** As a process that is gone: connections break, and new ones are refused. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  /** Every connection breaks; new ones are taken. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    const frames = new FrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.feed(chunk)) this.#take(socket, frame)
    })
  }

  #take(socket: Socket, frame: Buffer): void {
    const reader = new Reader(frame)
    const header = readRequestHeader(reader, (key) => apis.find((api) => api.key === key))
    const api = apis.find(({ key }) => key === header.apiKey) as Api<any, any>
    const request = api.request(header.apiVersion).read(reader)
    this.asked.push(api.name)
    if (this.frozen) return
    const answer = api === ApiVersions ? this.#versions() : this.#script(api, request, this)
    if (answer === undefined) return
    const writer = new Writer()
    writer.int32(0)
    writer.int32(header.correlationId)
    if (responseHeaderVersion(api, header.apiVersion) === 1) writer.uvarint(0)
    api.response(header.apiVersion).write(writer, answer)
    const bytes = writer.finish()
    bytes.writeInt32BE(bytes.length - 4, 0)
    socket.write(bytes)
  }

  #versions() {
    const apiKeys = [...versions].map(([api, maxVersion]) => ({
      apiKey: api.key,
      minVersion: api.versions[0],
      maxVersion,
    }))
    return { errorCode: 0, apiKeys, throttleTimeMs: 0 }
  }
}

/** Metadata of one topic with one partition. */
export function oneTopic(brokers: readonly ScriptedBroker[], leaderId: number, leaderEpoch = 0) {
  const ids = brokers.map(({ nodeId }) => nodeId)
  const partition = { errorCode: 0, partitionIndex: 0, leaderId, leaderEpoch }
  const replicas = { replicaNodes: ids, isrNodes: ids, offlineReplicas: [] }
  return {
    brokers: brokers.map(({ nodeId, port }) => ({ nodeId, host: '127.0.0.1', port, rack: null })),
    clusterId: 'scripted',
    controllerId: ids[0],
    topics: [
      {
        errorCode: 0,
        name: 'topic',
        topicId: Buffer.alloc(16, 1).toString('base64url'),
        isInternal: false,
        partitions: [{ ...partition, ...replicas }],
      },
    ],
  }
}

export const producerId = { errorCode: 0, producerId: 7, producerEpoch: 0, throttleTimeMs: 0 }

/** The answer to a Produce request for partition 0 of the topic. */
export const produced = (baseOffset: number, errorCode = 0) => ({
  responses: [
    {
      name: 'topic',
      partitionResponses: [{ index: 0, errorCode, baseOffset, logAppendTimeMs: -1 }],
    },
  ],
  throttleTimeMs: 0,
})
