import { createHistogram, performance } from 'node:perf_hooks'
import { FrameWriter } from '../../../../protocol/frame.ts'
import { ApiVersions } from '../../../../protocol/messages/api-versions.ts'
import { Metadata } from '../../../../protocol/messages/metadata.ts'
import { type Figures, percentiles, perSecond } from '../bench-result.ts'
import { processCost } from '../bench-target.ts'
import { LoadConnection } from '../load-connection.ts'
import { workload } from '../workload.ts'

/** What a client sends first: both requests in one write. */
function greeting(): Buffer {
  const writer = new FrameWriter()
  const header = { correlationId: 1, clientId: 'ottla-bench' }
  writer.request(ApiVersions, { ...header, apiVersion: 2 }, {})
  writer.request(Metadata, { ...header, apiVersion: 1 }, { topics: [] })
  return Buffer.concat(writer.take())
}

export const connections = workload({
  name: 'connections',
  description: 'opens many connections, each asks ApiVersions and Metadata, and keeps them open',
  defaults: { connections: 1000, opening: 50 },
  small: { connections: 20, opening: 5 },
  async run(target, { connections: count, opening }): Promise<Figures> {
    const hello = greeting()
    const latencyNs = createHistogram()
    const open: LoadConnection[] = []
    const before = processCost(target.processId)
    const start = performance.now()
    const one = () =>
      new Promise<void>((resolve, reject) => {
        const from = performance.now()
        let answers = 0
        const connection = new LoadConnection(target, {
          onAnswer() {
            answers += 1
            if (answers < 2) return
            latencyNs.record(Math.round((performance.now() - from) * 1e6))
            resolve()
          },
          onBurst() {},
          onError: reject,
        })
        open.push(connection)
        connection.send(hello)
      })
    try {
      let begun = 0
      const worker = async () => {
        while (begun < count) {
          begun += 1
          await one()
        }
      }
      await Promise.all(Array.from({ length: Math.min(opening, count) }, worker))
      const seconds = (performance.now() - start) / 1000
      const after = processCost(target.processId)
      const grown = after && before ? after.residentBytes - before.residentBytes : undefined
      return {
        connectionsPerSecond: perSecond(count, seconds),
        ...percentiles(latencyNs),
        brokerKilobytesPerConnection: grown === undefined ? undefined : grown / 1000 / count,
        brokerCpuMsPerConnection:
          after && before ? ((after.cpuSeconds - before.cpuSeconds) * 1000) / count : undefined,
      }
    } finally {
      for (const connection of open) connection.close()
    }
  },
})
