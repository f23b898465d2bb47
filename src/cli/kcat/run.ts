import type { Cluster } from '../../client/cluster.ts'
import type { Properties } from '../client-config.ts'
import type { Output } from '../output.ts'
import type { KcatOptions } from './options.ts'

/** What the modes work with. */
export interface KcatRun {
  readonly options: KcatOptions
  readonly properties: Properties
  readonly cluster: Cluster
  readonly out: Output
  /** `% text` on standard error from this verbosity on. */
  info(level: number, text: string): void
  /** `% ERROR: text`, and the end unless -E was given. */
  error(text: string): void
  /** Runs `stop` when a signal comes; returns what the signal was, if one came. */
  onSignal(stop: () => void): () => NodeJS.Signals | undefined
}

/** Thrown after everything has been said. */
export class Quit extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super()
    this.exitCode = exitCode
  }
}
