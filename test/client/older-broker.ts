/**
 * A node of ours that passes for an older Kafka: a proxy in front of it answers ApiVersions with
 * that release's ranges and notes every request outside of them.
 */

import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { Writer } from '../../protocol/bytes.ts'
import { FrameReader } from '../../protocol/frame.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { freePort } from '../../src/cli/bench/free-port.ts'
import { startTestNode, type TestNode } from '../broker/test-node.ts'

/** API key → highest version; the lowest is 0 everywhere before Kafka 4. */
export type Ranges = Readonly<Record<number, number>>

export interface OlderBroker {
  readonly port: number
  /** `key vVersion` of requests that this release would not know. */
  readonly refused: readonly string[]
  /** How often each API was asked, by its key. */
  readonly asked: ReadonlyMap<number, number>
  stop(): Promise<void>
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export async function startOlderBroker(ranges: Ranges): Promise<OlderBroker> {
  const refused: string[] = []
  const asked = new Map<number, number>()
  const behind = await freePort()
  const server = createServer((client) => {
    const broker = connect(behind, '127.0.0.1')
    const frames = new FrameReader()
    client.on('data', (chunk) => {
      for (const frame of frames.feed(chunk)) {
        const [key, version] = [frame.readInt16BE(0), frame.readInt16BE(2)]
        asked.set(key, (asked.get(key) ?? 0) + 1)
        if (key === ApiVersions.key) client.write(versionsAnswer(frame, ranges))
        else {
          if (version > (ranges[key] ?? -1)) refused.push(`${key} v${version}`)
          const size = Buffer.alloc(4)
          size.writeInt32BE(frame.length)
          broker.write(Buffer.concat([size, frame]))
        }
      }
    })
    broker.on('data', (chunk) => client.write(chunk))
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  const port = await listening(server)
  const node: TestNode = await startTestNode({
    listeners: `PLAINTEXT://127.0.0.1:${behind}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'group.initial.rebalance.delay.ms': 0,
  })
  return {
    ...{ port, refused, asked },
    async stop() {
      server.close()
      await node.stop()
    },
  }
}

/** A newer version than it knows is answered in version 0 with error 35 (KIP-511). */
function versionsAnswer(frame: Buffer, ranges: Ranges): Buffer {
  const version = frame.readInt16BE(2)
  const highest = ranges[ApiVersions.key] ?? 0
  const known = version <= highest
  const apiKeys = Object.entries(ranges)
    .map(([key, maxVersion]) => ({ apiKey: Number(key), minVersion: 0, maxVersion }))
    .filter(({ apiKey }) => known || apiKey === ApiVersions.key)
  const writer = new Writer()
  writer.int32(0)
  writer.int32(frame.readInt32BE(4))
  const answer = { errorCode: known ? 0 : 35, apiKeys }
  ApiVersions.response(known ? version : 0).write(writer, answer)
  const bytes = writer.finish()
  bytes.writeInt32BE(bytes.length - 4)
  return bytes
}
