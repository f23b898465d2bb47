/** Files of a log directory that tell of the process before: the broker epoch it wrote in, and that it stopped cleanly. */
import type { Files } from '../env/env.ts'

export const cleanShutdownFile = '.kafka_cleanshutdown'
export const brokerEpochFile = '.ottla_broker_epoch'

/** The last broker epoch in which something may have been written there; -1 when it is not known. */
export function brokerEpochIn(files: Files, directory: string): number {
  const known = [brokerEpochFile, cleanShutdownFile].map((name) => {
    const path = `${directory}/${name}`
    if (files.stat(path) === undefined) return -1
    const text = files.readFile(path).toString()
    return Number(/"brokerEpoch"\s*:\s*(-?\d+)/.exec(text)?.[1] ?? -1)
  })
  return Math.max(...known)
}

export function identityIn(bytes: Buffer): string | undefined {
  return /"identity"\s*:\s*"([^"]*)"/.exec(bytes.toString())?.[1]
}

export function markOf(brokerEpoch: number, identity?: string): Buffer {
  return Buffer.from(JSON.stringify({ version: 0, brokerEpoch, identity }))
}
