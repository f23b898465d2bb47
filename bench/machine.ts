/** Where a figure comes from. */
import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { repository } from './brokers.ts'

export function machine(): string {
  const cores = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cores.length} cores of ${cores[0]?.model.trim()}, ${memory} GiB, Node ${process.version}`
}

export const commitOf = (): string =>
  execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: repository,
    encoding: 'utf8',
  }).trim()
