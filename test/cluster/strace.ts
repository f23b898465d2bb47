/** System calls of a running process that are made to fail, by strace. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const attachTriesMax = 5
/** strace takes milliseconds where it works. */
const attachMaxMs = 20_000
const failedSync = 7
/** Syncs in a thread of its own until that fails; what it syncs cannot be synced (EINVAL). */
const syncing = `
  const sync = () => require('node:fs').fsync(0, ({ code }) => {
    if (code === 'EIO') process.exit(${failedSync})
    setTimeout(sync, 10)
  })
  sync()`

/** Why syncs cannot be made to fail on this machine; undefined when they can. */
export async function straceMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root attaches to any process'
  const victim = spawn(process.execPath, ['-e', syncing], { stdio: 'ignore' })
  const ended = once(victim, 'exit')
  let tracer: ChildProcess | undefined
  try {
    await once(victim, 'spawn')
    tracer = await failSyncs(victim.pid!)
    const timer = setTimeout(() => victim.kill('SIGKILL'), attachMaxMs)
    const [code] = await ended
    clearTimeout(timer)
    return code === failedSync ? undefined : 'strace attached to a process whose syncs go on'
  } catch (error) {
    return (error as Error).message
  } finally {
    tracer?.kill('SIGKILL')
    victim.kill('SIGKILL')
  }
}

/**
 * From when it resolves on, every sync of the process fails, for as long as the tracer runs. That ends
 * with the process, maybe at once: a broker without a disk stops. Where it ends before it has attached,
 * having lost a race against threads that come and go, it is started anew.
 */
export function failSyncs(processId: number): Promise<ChildProcess> {
  return attached(processId, ['-etrace=fsync,fdatasync', '-einject=fsync,fdatasync:error=EIO'])
}

/** As `failSyncs`, but they only take this long. */
export function slowSyncs(processId: number, ms: number): Promise<ChildProcess> {
  const slow = `-einject=fsync,fdatasync:delay_enter=${ms * 1000}`
  return attached(processId, ['-etrace=fsync,fdatasync', slow])
}

/** As `failSyncs`, for reads of one file. */
export function failReads(processId: number, path: string): Promise<ChildProcess> {
  const reads = 'pread64,preadv,preadv2'
  return attached(processId, ['-P', path, `-etrace=${reads}`, `-einject=${reads}:error=EIO`])
}

async function attached(processId: number, faults: readonly string[]): Promise<ChildProcess> {
  const failures: string[] = []
  while (failures.length < attachTriesMax) {
    const outcome = await attach(processId, faults)
    if (typeof outcome !== 'string') return outcome
    failures.push(outcome)
  }
  throw new Error(`strace did not attach to process ${processId}: ${failures.join('; ')}`)
}

/** The tracer, or how it ended, with all it said. */
function attach(processId: number, faults: readonly string[]): Promise<ChildProcess | string> {
  const args = ['-f', '-o', '/dev/null', ...faults, '-p', `${processId}`]
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  return new Promise((resolve) => {
    let said = ''
    const timer = setTimeout(() => tracer.kill('SIGKILL'), attachMaxMs)
    const end = (outcome: ChildProcess | string) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    tracer.stderr.on('data', (chunk) => {
      said += chunk
      if (said.includes(`Process ${processId} attached`)) end(tracer)
    })
    tracer.on('error', ({ message }) => end(message))
    tracer.on('close', (code, signal) =>
      end(`it ended with ${signal ?? code}, saying ${JSON.stringify(said)}`),
    )
  })
}
