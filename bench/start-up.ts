/** Rows that are about the process itself: its start, and what it weighs when all is done. */

import type { Figures } from '../src/cli/bench/bench-result.ts'
import {
  type BenchTarget,
  createTopic,
  deleteTopic,
  processCost,
} from '../src/cli/bench/bench-target.ts'
import type { Daemon } from '../src/cli/bench/daemon.ts'
import { fillTopic } from '../src/cli/bench/fill-topic.ts'
import { loadBatch } from '../src/cli/bench/load-frames.ts'
import type { Row } from './rows.ts'

export const startRow: Row = {
  ...{ name: 'start of the daemon to the first acknowledgement', workload: 'start-up' },
  ...{ parameters: {}, figure: 'firstAcknowledgementMs', better: 'less', goal: 20 },
  beside: ['startedMs', 'freshResidentMb'],
}

/** On a daemon that has just been started: how long until a record was acknowledged. */
export async function firstAcknowledgementMs(daemon: Daemon): Promise<Figures> {
  const since = performance.now()
  const fresh = processCost(daemon.processId)
  const batch = loadBatch({ batchBytes: 200, recordBytes: 100, codec: 'none' })
  await createTopic(daemon, 'bench-start', 1)
  await fillTopic(daemon, 'bench-start', 1, batch, 1)
  const firstMs = daemon.startedMs + performance.now() - since
  await deleteTopic(daemon, 'bench-start')
  return {
    firstAcknowledgementMs: firstMs,
    startedMs: daemon.startedMs,
    freshResidentMb: fresh && fresh.residentBytes / 1e6,
  }
}

export const restingRow: Row & { measure(target: BenchTarget): Promise<Figures> } = {
  ...{ name: 'resident memory after the load', workload: 'memory', parameters: {} },
  ...{ figure: 'residentMb', better: 'less', goal: 8 },
  async measure({ processId }) {
    const cost = processCost(processId)
    return { residentMb: cost && cost.residentBytes / 1e6 }
  },
}
