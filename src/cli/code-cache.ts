/**
 * Runs a CommonJS file, in its function already and of ASCII alone, from compiled code that an earlier run left beside it: parsing and compiling
 * is most of what a start costs. V8 takes such code from the same version with the same flags alone,
 * and tells sources apart by their length only: the name of the cache must tell one build from
 * another. (Node has this as `module.enableCompileCache` from 22.1 on; Ottla runs on 20.)
 */
// Imported, each would be wrapped into a module first: a millisecond of every start.
const { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, writeFileSync } =
  process.getBuiltinModule('node:fs')
const { createRequire } = process.getBuiltinModule('node:module')
const { dirname } = process.getBuiltinModule('node:path')
const { Script } = process.getBuiltinModule('node:vm')

export interface Loaded {
  readonly exports: any
  /** Whether the compiled code was there and could be used. */
  readonly cached: boolean
  /** Writes what is compiled by now, with the functions that ran; nothing where it may not write. */
  save(): void
}

export function loadCached(path: string, cachePath: string): Loaded {
  const file = read(path)
  // As ASCII it is not looked through for longer characters.
  const source = file.toString('latin1')
  free(file)
  const cachedData = readIfThere(cachePath)
  const script = new Script(source, {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  if (cachedData) free(cachedData)
  const module = { exports: {} }
  const run = script.runInThisContext() as (...args: unknown[]) => void
  run(module.exports, createRequire(path), module, path, dirname(path))
  return {
    exports: module.exports,
    cached: cachedData !== undefined && script.cachedDataRejected === false,
    save() {
      const beside = `${cachePath}.${process.pid}`
      try {
        // Where it may not write it makes nothing.
        const file = openSync(beside, 'wx')
        writeFileSync(file, script.createCachedData())
        closeSync(file)
        renameSync(beside, cachePath)
      } catch {
        rmSync(beside, { force: true })
      }
    },
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return read(path)
  } catch {
    return undefined
  }
}

/**
 * The bytes of a file, mapped by themselves as memory that may be resized is. `malloc` would map them too, but once such
 * memory is freed glibc keeps up to twice as much in the heap of each thread (`mallopt(3)`, M_MMAP_THRESHOLD): 5 MB in a broker.
 */
function read(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size)
    let at = 0
    for (let taken = -1; taken !== 0 && at < size; at += taken)
      taken = readSync(file, bytes, at, size - at, at)
    if (at < size) throw new Error(`${path} has become shorter while it was read`)
    return bytes
  } finally {
    closeSync(file)
  }
}

/** What `read` gave, at once: nothing may look at it any more. */
function free({ buffer }: Buffer): void {
  ;(buffer as ArrayBuffer).resize(0)
}
