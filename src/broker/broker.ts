import type { Env } from '../env/env.ts'

/** One broker: what the handlers reach. Grows with the features. */
export interface Broker {
  readonly env: Env
  readonly nodeId: number
}
