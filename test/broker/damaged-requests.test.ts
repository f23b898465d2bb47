/**
 * A running broker against damaged requests of every API and version: each is answered, or its connection
 * ends, or it waits as it asked to. Nothing goes wrong inside, and nobody else notices.
 *
 * `FUZZ_SECONDS=60 npx vitest run test/broker/damaged-requests.test.ts` goes on for a minute from a random
 * seed; `FUZZ_SEED=n` sets the seed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apis } from '../../protocol/apis.ts'
import { Writer } from '../../protocol/bytes.ts'
import { writeRequestHeader } from '../../protocol/header.ts'
import { ApiVersions } from '../../protocol/messages/api-versions.ts'
import { handlerOf, versionsOf } from '../../src/broker/handlers.ts'
import { nodeEnv } from '../../src/env/node.ts'
import { startNode } from '../../src/index.ts'
import { damage, NotingWriter, numbersFrom } from '../protocol/damage.ts'
import { fromJson, readVectors } from '../protocol/vectors.ts'
import { RawClient } from './raw-client.ts'

type Json = Record<string, any>

const recorded = readVectors<{ name: string; version: number; json: Json; decodeOnly?: boolean }>(
  '../protocol/golden/messages.jsonl.gz',
)
const asked = readVectors<{ api?: string; version?: number; request?: Json }>(
  '../scenarios/golden/answers.jsonl.gz',
)

/** What the broker serves, as Kafka's messages and as requests that mean something. */
const requests = apis.flatMap((api) => {
  const handler = handlerOf(api.key)
  if (handler === undefined) return []
  const [min, max] = versionsOf(handler)
  const served = (version: number) => version >= min && version <= max
  const bodies = [
    ...recorded
      .filter(({ name, decodeOnly }) => name === api.messages.request.name && !decodeOnly)
      .map(({ version, json }) => ({ version, json })),
    ...asked.flatMap(({ api: name, version, request }) =>
      name === api.name && request !== undefined ? [{ version: version!, json: request }] : [],
    ),
  ]
  return bodies
    .filter(({ version }) => served(version))
    .map(({ version, json }) => ({ api, version, json }))
})

function damaged(
  { api, version, json }: (typeof requests)[number],
  next: (below: number) => number,
): Buffer {
  const header = new Writer()
  writeRequestHeader(header, api, { apiVersion: version, correlationId: 7, clientId: 'fuzz' })
  const body = new NotingWriter()
  api.request(version).write(body, fromJson(api.messages.request.fields, json) as never)
  const bytes = Buffer.concat([header.finish(), damage(body.finish(), body.sites, next)])
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

/** Answered, closed, or still waiting after a while. */
async function outcome(port: number, frame: Buffer): Promise<'answered' | 'closed' | 'waits'> {
  const client = await RawClient.connect(port)
  client.send(frame)
  const answered = client.frame().then((bytes) => (bytes === undefined ? 'closed' : 'answered'))
  const waited = new Promise<'waits'>((resolve) => setTimeout(() => resolve('waits'), 150))
  const first = await Promise.race([answered, waited])
  client.destroy()
  return first as 'answered' | 'closed' | 'waits'
}

test('damaged requests do no harm', async () => {
  const { FUZZ_SECONDS, FUZZ_SEED } = process.env
  const seconds = Number(FUZZ_SECONDS ?? 0)
  const seed = Number(FUZZ_SEED ?? (seconds > 0 ? Date.now() % 2 ** 31 : 1))
  const next = numbersFrom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'ottla-'))
  const lines: string[] = []
  const env = nodeEnv({ level: 'info', write: (line) => lines.push(line) })
  const node = await startNode({ 'log.dirs': directory, 'auto.create.topics.enable': false }, env)
  const { port } = node.advertised[0]!
  const neighbour = await RawClient.connect(port)
  const counts = { answered: 0, closed: 0, waits: 0 }
  const end = Date.now() + seconds * 1000
  const rounds = seconds > 0 ? Number.POSITIVE_INFINITY : 2
  for (let round = 0; round < rounds && (seconds === 0 || Date.now() < end); round++)
    for (let at = 0; at < requests.length; at += 40) {
      const frames = requests.slice(at, at + 40).map((request) => damaged(request, next))
      for (const each of await Promise.all(frames.map((frame) => outcome(port, frame))))
        counts[each]++
      const { errorCode } = await neighbour.ask(ApiVersions, 0, {})
      const wrong = lines.filter((line) => / (ERROR|A request failed) /.test(line))
      const sent = wrong.length > 0 ? frames.map((frame) => frame.toString('hex')) : []
      expect({ errorCode, wrong, sent }).toEqual({ errorCode: 0, wrong: [], sent: [] })
    }
  if (seconds > 0) console.log(`${JSON.stringify(counts)} from seed ${seed}`)
  expect(Math.min(counts.answered, counts.closed)).toBeGreaterThan(requests.length / 4)
  neighbour.destroy()
  await node.stop()
  rmSync(directory, { recursive: true, force: true })
}, 86_400_000)
