import type { File, Files } from '../../src/env/env.ts'

/** Stops a process before or after its nth change of a file; from then on nothing it does has an effect. */
export class CrashPoint {
  changes = 0
  /** Until then, nothing counts. */
  isArmed = false
  hasCrashed = false
  readonly #at: number
  readonly #side: 'before' | 'after'
  readonly #crash: () => void

  /** `at` Infinity: only counts. */
  constructor(at: number, side: 'before' | 'after', crash: () => void) {
    this.#at = at
    this.#side = side
    this.#crash = crash
  }

  change<T>(run: () => T): T {
    this.#assertAlive()
    const isHere = this.isArmed && this.changes++ === this.#at
    if (isHere && this.#side === 'before') this.#stop()
    const result = run()
    if (isHere) this.#stop()
    return result
  }

  look<T>(run: () => T): T {
    this.#assertAlive()
    return run()
  }

  #stop(): never {
    this.hasCrashed = true
    this.#crash()
    throw new Error('The process has crashed')
  }

  #assertAlive(): void {
    if (this.hasCrashed) throw new Error('The process has crashed')
  }
}

export function crashingFiles(files: Files, point: CrashPoint): Files {
  const change = <T>(run: () => T) => point.change(run)
  const look = <T>(run: () => T) => point.look(run)
  return {
    ...files,
    open: (path, mode) =>
      (mode === 'create' ? change : look)(() => crashingFile(files.open(path, mode), point)),
    readFile: (path) => look(() => files.readFile(path)),
    replaceFile: (path, bytes, sync) => change(() => files.replaceFile(path, bytes, sync)),
    rename: (from, to) => change(() => files.rename(from, to)),
    unlink: (path) => change(() => files.unlink(path)),
    unlinkLater: async (path) => change(() => files.unlinkLater(path)),
    makeDirectory: (path) => change(() => files.makeDirectory(path)),
    removeDirectory: (path) => change(() => files.removeDirectory(path)),
    syncDirectory: (path) => change(() => files.syncDirectory(path)),
    syncDirectoryLater: async (path) => change(() => files.syncDirectoryLater(path)),
  }
}

function crashingFile(file: File, point: CrashPoint): File {
  return {
    sizeBytes: () => file.sizeBytes(),
    read: (...range) => point.look(() => file.read(...range)),
    readLater: async (...range) => point.look(() => file.readLater(...range)),
    write: (chunks, position) => point.change(() => file.write(chunks, position)),
    truncate: (size) => point.change(() => file.truncate(size)),
    sync: () => point.change(() => file.sync()),
    syncLater: async () => point.change(() => file.syncLater()),
    close: () => file.close(),
  }
}
