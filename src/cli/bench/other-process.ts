/** A workload in a process of its own: load that must not stand in the way of what this one measures. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { BenchResult } from './bench-result.ts'
import { BenchError, type BenchTarget } from './bench-target.ts'
import { endWithThis, program } from './daemon.ts'
import type { Parameters, Workload } from './workload.ts'

/**
 * For `chrt` of Linux: a core is left at once to whoever wants it (`sched(7)`, SCHED_IDLE); who has low priority keeps it for
 * 3 ms at times.
 */
const idleClass = ['--idle', '0']

/**
 * Runs it with the lowest priority: it gets what the others leave of the cores, and none of them waits until it is done with one.
 * `result` rejects with BenchError when it ends without figures; `stop` ends it early.
 */
export function inOtherProcess<P extends Parameters>(
  { name }: Workload<P>,
  { host, port }: BenchTarget,
  given: Partial<P>,
): { result: Promise<BenchResult>; stop(): void } {
  const loader = program().endsWith('.ts') ? ['--import', 'tsx'] : []
  const parameters = Object.entries(given).map(([key, value]) => `${key}=${value}`)
  const args = ['bench', name, '-b', `${host}:${port}`, '--json', ...parameters]
  const before =
    spawnSync('chrt', [...idleClass, 'true']).status === 0 ? ['chrt', ...idleClass] : []
  const [file, ...rest] = [...before, process.execPath, ...loader, program(), ...args]
  const child = spawn(file!, rest)
  endWithThis(child)
  const result = resultOf(child, name)
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  return { result, stop: () => void child.kill('SIGKILL') }
}

function resultOf(child: ChildProcess, name: string): Promise<BenchResult> {
  let said = ''
  let complained = ''
  child.stdout?.on('data', (text) => {
    said += text
  })
  child.stderr?.on('data', (text) => {
    complained = `${complained}${text}`.slice(-2000)
  })
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new BenchError(`${name} in another process ${why}`))
    child.on('error', ({ message }) => fail(`did not start: ${message}`))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said) as BenchResult)
      else fail(`ended with ${signal ?? code}: ${complained.trim()}`)
    })
  })
}
