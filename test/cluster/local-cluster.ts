/** The compiled program as a coordinator and brokers on free ports, with an end for sure. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  type LocalClusterOptions,
  LocalCluster as Processes,
} from '../../src/cli/bench/failover/local-cluster.ts'

const program = resolve(import.meta.dirname, '../../dist/ottla.js')

export class LocalCluster extends Processes {
  constructor(options: Omit<LocalClusterOptions, 'program' | 'directory'> = {}) {
    if (!existsSync(program)) throw new Error(`There is no ${program}: npm run build makes it`)
    super({ ...options, program, directory: mkdtempSync(join(tmpdir(), 'ottla-cluster-')) })
  }

  override async close(): Promise<void> {
    await super.close()
    rmSync(this.options.directory, { recursive: true, force: true })
  }
}
