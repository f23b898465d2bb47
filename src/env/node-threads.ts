/** Threads of Node. A thread is one module that answers messages, one after the other. */
import type { Thread, Threads } from './env.ts'

type WorkerThreads = typeof import('node:worker_threads')
type Worker = InstanceType<WorkerThreads['Worker']>

interface Answer {
  readonly value?: unknown
  readonly error?: unknown
}

export const nodeThreads: Threads = {
  open: (module) => new NodeThread(module),
}

/** Loaded with the first thread: most processes never start one. */
const workerThreads = (): WorkerThreads => process.getBuiltinModule('node:worker_threads')

class NodeThread implements Thread {
  readonly #module: URL
  #worker: Worker | undefined
  /** Those who wait, in the order of their questions. */
  #waiting: { resolve(value: unknown): void; reject(error: unknown): void }[] = []

  constructor(module: URL) {
    this.#module = module
  }

  ask(message: object, moved: readonly ArrayBuffer[]): Promise<unknown> {
    this.#worker ??= this.#start()
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      worker.postMessage(message, moved)
      worker.ref()
    })
  }

  #start(): Worker {
    const { Worker } = workerThreads()
    const { href } = this.#module
    // As source, in development, it needs a loader, which threads do not take over.
    const worker = href.endsWith('.ts')
      ? new Worker(`import('tsx/esm/api').then((tsx) => tsx.tsImport('${href}', '${href}'))`, {
          eval: true,
        })
      : new Worker(this.#module)
    worker.on('message', ({ value, error }: Answer) => {
      const next = this.#waiting.shift()
      if (this.#waiting.length === 0) worker.unref()
      if (error === undefined) next?.resolve(value)
      else next?.reject(error)
    })
    worker.on('error', (error) => this.#ended(worker, error))
    worker.on('exit', (code) => this.#ended(worker, new Error(`A thread ended with ${code}`)))
    return worker
  }

  #ended(worker: Worker, error: unknown): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  close(): void {
    const worker = this.#worker
    if (worker === undefined) return
    this.#ended(worker, new Error('The thread was ended'))
    void worker.terminate()
  }
}

/** The other side: `answer` returns a value, and which memory goes with it. It must not wait for anything. */
export function answerQuestions(
  answer: (message: any) => { value: unknown; moved: readonly ArrayBuffer[] },
): void {
  const { parentPort } = workerThreads()
  if (parentPort === null) throw new Error('This module runs on a thread of its own')
  parentPort.on('message', (message) => {
    try {
      const { value, moved } = answer(message)
      parentPort.postMessage({ value }, moved)
    } catch (error) {
      parentPort.postMessage({ error })
    }
  })
}
