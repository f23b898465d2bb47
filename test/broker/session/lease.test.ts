/** Until when a broker may answer: its own clock alone decides, and a wall clock only ever shortens it (LEASES §2, R17). */
import { expect, test } from 'vitest'
import { Lease } from '../../../src/broker/session/lease.ts'

const leaseMs = 1000
const rhoPpm = 10_000
/** Less what two clocks may be apart, both ways, and what a timer may be late. */
const heldMs = leaseMs - 20 - 5

function held() {
  const now = { monotonicMs: 5000, wallMs: 1_700_000_000_000 }
  const lease = new Lease({ monotonicMs: () => now.monotonicMs, wallMs: () => now.wallMs })
  const pass = (ms: number) => {
    now.monotonicMs += ms
    now.wallMs += ms
  }
  const sent = lease.mark()
  pass(300)
  lease.extend(sent, leaseMs, rhoPpm)
  return { lease, now, pass }
}

test('it counts from when the heartbeat was sent, and ends before the coordinator thinks so', () => {
  const { lease, pass } = held()
  expect(lease.remainingMs()).toBe(heldMs - 300)
  pass(heldMs - 301)
  const before = lease.valid()
  pass(1)
  expect([before, lease.valid()]).toEqual([true, false])
})

test('a wall clock that jumps back makes it no longer, one that jumps ahead ends it', () => {
  const back = held()
  back.now.wallMs -= 3_600_000
  back.pass(heldMs - 300)
  const ahead = held()
  ahead.now.wallMs += 3_600_000
  expect([back.lease.valid(), ahead.lease.valid()]).toEqual([false, false])
})

test('an answer to an older heartbeat takes nothing away, and what was dropped is gone', () => {
  const { lease, now } = held()
  lease.extend({ monotonicMs: now.monotonicMs - 400, wallMs: now.wallMs - 400 }, leaseMs, rhoPpm)
  const before = lease.remainingMs()
  lease.drop()
  expect([before, lease.valid()]).toEqual([heldMs - 300, false])
})
