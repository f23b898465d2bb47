/** The world as Node.js gives it: the implementation of Env that every real process uses. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { Clock, Env, Random, Timer, Timers } from './env.ts'
import { nodeFiles } from './node-files.ts'
import { nodeHttp } from './node-http.ts'
import { type LogOptions, nodeLogger } from './node-log.ts'
import { nodeNet } from './node-net.ts'
import { nodeThreads } from './node-threads.ts'

/** The longest delay that one timer of Node holds; longer ones are armed again. */
const delayMsMax = 2 ** 31 - 1

const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
}

class NodeTimer implements Timer {
  #handle: NodeJS.Timeout

  constructor(delayMs: number, run: () => void) {
    this.#handle = this.#arm(delayMs, run)
  }

  #arm(restMs: number, run: () => void): NodeJS.Timeout {
    if (restMs <= delayMsMax) return setTimeout(run, restMs)
    return setTimeout(() => {
      this.#handle = this.#arm(restMs - delayMsMax, run)
    }, delayMsMax)
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }
}

const timers: Timers = {
  after: (delayMs, run) => new NodeTimer(delayMs, run),
  soon(run) {
    setImmediate(run)
  },
}

const random: Random = {
  float: Math.random,
  // Loaded when it is wanted: a reader on the command line never does.
  bytes: (size) => process.getBuiltinModule('node:crypto').randomBytes(size),
}

export function nodeEnv(log: LogOptions = {}): Env {
  return {
    clock,
    timers,
    random,
    files: nodeFiles,
    net: nodeNet,
    log: nodeLogger(log),
    http: nodeHttp,
    threads: nodeThreads,
    memoryBytes: memoryBytes(),
    ...descriptorsMax(),
  }
}

/** Node has raised its limit as far as it may when it runs this. Linux alone tells it in a file. */
function descriptorsMax(): { descriptorsMax?: number } {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined ? {} : { descriptorsMax: Number(limit) }
  } catch {
    return {}
  }
}

function memoryBytes(): number {
  // 0 or a number beyond all memory: no limit.
  const limit = process.constrainedMemory?.() ?? 0
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
