/**
 * Runs a CommonJS file from compiled code that an earlier run left beside it: parsing and compiling
 * is most of what a start costs. V8 takes such code from the same version with the same flags alone,
 * and tells sources apart by their length only: the name of the cache must tell one build from
 * another. (Node has this as `module.enableCompileCache` from 22.1 on; Ottla runs on 20.)
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

export interface Loaded {
  readonly exports: any
  /** Whether the compiled code was there and could be used. */
  readonly cached: boolean
  /** Writes what is compiled by now, with the functions that ran; nothing where it may not write. */
  save(): void
}

const wrapper = ['(function (exports, require, module, __filename, __dirname) {', '\n})'] as const

export function loadCached(path: string, cachePath: string): Loaded {
  const source = readFileSync(path, 'utf8')
  const cachedData = readIfThere(cachePath)
  const script = new Script(wrapper[0] + source + wrapper[1], {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const run = script.runInThisContext() as (...args: unknown[]) => void
  run(module.exports, createRequire(path), module, path, dirname(path))
  return {
    exports: module.exports,
    cached: cachedData !== undefined && script.cachedDataRejected === false,
    save() {
      const beside = `${cachePath}.${process.pid}`
      try {
        writeFileSync(beside, script.createCachedData())
        renameSync(beside, cachePath)
      } catch {
        rmSync(beside, { force: true })
      }
    },
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
