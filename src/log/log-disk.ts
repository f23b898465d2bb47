/**
 * What the logs of one directory of `log.dirs` share, and the state of that directory.
 *
 * When a write that must not be lost fails to reach the disk, nothing in memory about it can be trusted
 * any more (a second sync would succeed without having written: "fsyncgate"). The directory then goes
 * offline as a whole, until the process starts again.
 */
import { LimitOfEach } from '../core/limit.ts'
import { producersMax } from '../core/producer/producer-states.ts'
import type { Env, Timer, Timers } from '../env/env.ts'
import { BufferPool } from './buffer-pool.ts'
import { FileCache, openFilesMaxOf } from './file-cache.ts'
import { GroupedSync } from './grouped-sync.ts'
import { IndexBlocks } from './index-blocks.ts'
import { IndexBudget } from './index-budget.ts'
import { LargeBatches } from './large-batches.ts'
import { PageCache } from './page-cache.ts'

/** Shared by all directories of a process. */
export interface LogResources {
  readonly files: FileCache
  readonly buffers: BufferPool
  readonly indexes: IndexBudget
  readonly blocks: IndexBlocks
  readonly pageCache: PageCache
  readonly largeBatches: LargeBatches
  /** Producers that a log remembers. */
  readonly producers: LimitOfEach
  /** Reads and writes so far that somebody waits for: what is done in the background gives way to them. */
  readonly demand: { count: number }
}

/** The indexes of 30 segments of 1 GiB: 8 bytes for each 4 KiB, and 12 for times. */
const indexBytesMaxDefault = 128 * 1024 * 1024

export function logResources(
  env: Env,
  limits: {
    readonly openFilesMax?: number
    readonly indexBytesMax?: number
    readonly smallBatchBytesMax?: number
  } = {},
): LogResources {
  return {
    files: new FileCache(env.files, limits.openFilesMax ?? openFilesMaxOf(env.descriptorsMax)),
    buffers: new BufferPool(),
    indexes: new IndexBudget(limits.indexBytesMax ?? indexBytesMaxDefault),
    blocks: new IndexBlocks(),
    pageCache: new PageCache(env.memoryBytes),
    largeBatches: new LargeBatches(env, limits.smallBatchBytesMax),
    producers: new LimitOfEach(producersMax),
    demand: { count: 0 },
  }
}

export class LogDisk {
  readonly env: Env
  readonly path: string
  readonly resources: LogResources
  /** Why the directory is offline. */
  #failure: Error | undefined
  readonly #onFailure: (error: Error) => void
  readonly #timers = new Set<Timer>()
  readonly #ownDirectory: DirectorySync

  constructor(
    env: Env,
    path: string,
    resources = logResources(env),
    onFailure: (error: Error) => void = () => {},
  ) {
    this.env = env
    this.path = path
    this.resources = resources
    this.#onFailure = onFailure
    this.#ownDirectory = new DirectorySync(env, path)
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Takes the directory offline. Only the first call counts. */
  fail(what: string, cause: unknown): StorageError {
    const error = new StorageError(`${what}: ${(cause as Error).message}`, { cause })
    if (this.#failure === undefined) {
      this.#failure = error
      this.env.log.error('Log directory is offline', { path: this.path, cause: error })
      this.#onFailure(error)
    }
    return error
  }

  /** Runs later, unless the directory is closed first: what deletes files goes on with the next start. */
  after(delayMs: number, run: () => void): void {
    const timer = this.env.timers.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }

  /** Makes renames, creations and removals in a directory durable. Of its own, for all logs at once. */
  syncDirectoryLater(path: string): Promise<void> {
    return path === this.path ? this.#ownDirectory.later() : this.env.files.syncDirectoryLater(path)
  }

  /** Makes a file durable that was written whole; its directory has to be synced besides. */
  async syncFileLater(path: string): Promise<void> {
    const file = this.env.files.open(path, 'write')
    try {
      await file.syncLater()
    } finally {
      file.close()
    }
  }

  /** Forgets what is waiting to run. */
  close(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  /** Throws when the directory is offline. */
  assertOnline(): void {
    if (this.#failure)
      throw new StorageError(`Log directory ${this.path} is offline: ${this.#failure.message}`)
  }
}

class DirectorySync extends GroupedSync {
  readonly #env: Env
  readonly #path: string

  constructor(env: Env, path: string) {
    super()
    this.#env = env
    this.#path = path
  }

  protected override get timers(): Timers {
    return this.#env.timers
  }

  protected override sync(): Promise<void> {
    return this.#env.files.syncDirectoryLater(this.#path)
  }
}

/** The disk failed; answered with 56 KAFKA_STORAGE_ERROR. */
export class StorageError extends Error {
  override name = 'StorageError'
}
