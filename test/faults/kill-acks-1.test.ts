/**
 * `kill -9` of a daemon at random moments while clients write with acks=1: whatever was acknowledged is there
 * after the restart, once, at its offset and in order; so is the rest of what was sent, or it is not there. What was
 * sent with acks=0 before that, on the same connection, is there as well: only what was on the way is lost.
 *
 * `KILL_ROUNDS` (100) says how often.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Produce } from '../../protocol/messages/produce.ts'
import type { RawClient } from '../broker/raw-client.ts'
import { Daemon, temporaryDirectory } from './daemon.ts'
import { createTopic, produceRequest, readAll } from './requests.ts'

const rounds = Number(process.env['KILL_ROUNDS'] ?? 100)
const connections = 3
const inFlight = 8
const killWithinMs = 100
/** Segments of 1 MiB, the least that there is, are rolled now and then. */
const padding = 'x'.repeat(300)
const overrides = ['log.segment.bytes=1048576', 'lease.duration.ms=300']

interface Taken {
  /** By offset. */
  readonly acknowledged: Map<number, string>
  /** Without an answer, before what was acknowledged. */
  readonly unanswered: Set<string>
}

/** Sends numbers until the connection ends, several requests ahead of the answers; notes what is acknowledged. */
async function write(client: RawClient, name: string, taken: Taken) {
  const sent: string[][] = []
  for (let next = 0; ; next++) {
    const [first, ...values] = [0, 1, 2].map((i) => `${name} ${3 * next + i} ${padding}`)
    client.send(client.encode(Produce, 8, produceRequest('t', [first!], 0)))
    client.send(client.encode(Produce, 8, produceRequest('t', values)))
    sent.push([first!, ...values])
    if (sent.length < inFlight) continue
    const answer = await client.answer(Produce, 8).catch(() => undefined)
    if (answer === undefined) return
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    const [before, ...told] = sent.shift()!
    if (errorCode !== 0) continue
    taken.unanswered.add(before!)
    for (const [i, value] of told.entries()) taken.acknowledged.set(baseOffset + i, value)
  }
}

/** What is wrong with what stands in the log from `start` on. */
function faults(found: Map<number, string>, start: number, acknowledged: Map<number, string>) {
  const wrong: string[] = []
  for (const [offset, value] of acknowledged)
    if (found.get(offset) !== value)
      wrong.push(`${offset} is ${found.get(offset)?.slice(0, 20)}, not ${value.slice(0, 20)}`)
  const lastOf = new Map<string, number>()
  let expected = start
  for (const [offset, value] of found) {
    if (offset !== expected++) wrong.push(`offset ${offset} follows ${expected - 2}`)
    const [name, number] = value.split(' ') as [string, string]
    const last = lastOf.get(name) ?? -1
    if (Number(number) <= last) wrong.push(`${name} ${number} follows ${last}`)
    lastOf.set(name, Number(number))
  }
  return wrong
}

test(
  `what was acknowledged with acks=1, or came before it with acks=0, outlives ${rounds} kills`,
  async () => {
    const directory = temporaryDirectory()
    const whole = new Map<number, string>()
    let written = 0
    let daemon = await Daemon.start(directory, { overrides })
    expect(await createTopic(await daemon.connect(), 't')).toBe(0)
    for (let round = 0; round < rounds; round++) {
      const acknowledged = new Map<number, string>()
      const unanswered = new Set<string>()
      const clients = await Promise.all(Array.from({ length: connections }, () => daemon.connect()))
      const writing = clients.map((client, i) =>
        write(client, `${round}/${i}`, { acknowledged, unanswered }),
      )
      while (acknowledged.size === 0) await sleep(5)
      await sleep(Math.random() * killWithinMs)
      daemon.kill('SIGKILL')
      await Promise.all([...writing, daemon.ended])
      written += acknowledged.size
      daemon = await Daemon.start(directory, { overrides })
      const found = await readAll(await daemon.connect(), 't', whole.size)
      for (const value of found.values()) unanswered.delete(value)
      expect({
        round,
        wrong: faults(found, whole.size, acknowledged),
        lost: [...unanswered].map((value) => value.slice(0, 20)),
      }).toEqual({ round, wrong: [], lost: [] })
      for (const [offset, value] of found) whole.set(offset, value)
    }
    // What was there after one kill is there after all the others.
    const last = await readAll(await daemon.connect(), 't')
    expect([last.size, faults(last, 0, whole)]).toEqual([whole.size, []])
    console.log(`${written} records were acknowledged, and ${last.size} stand in the log`)
  },
  60_000 + rounds * 6000,
)
