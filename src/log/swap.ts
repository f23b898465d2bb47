/**
 * What compaction leaves when it is interrupted, finished or taken back at the next start.
 *
 * Compaction writes `.cleaned` files; renaming the `.log.cleaned` to `.log.swap` decides. Before that all
 * of it is dropped; after it, the segments that it covers are dropped and the swap takes their place.
 */
import { BatchScanner } from './batch-scanner.ts'
import { fileName, parseFileName, suffixes } from './file-names.ts'
import type { LogDisk } from './log-disk.ts'

const logSwap = suffixes.log + suffixes.swap

export function finishSwaps(disk: LogDisk, directory: string, found: readonly string[]): void {
  const { files, log } = disk.env
  const path = (name: string) => `${directory}/${name}`
  const names = found.flatMap((name) => {
    if (!name.endsWith(suffixes.cleaned)) return name
    if (!found.includes(name.slice(0, 20) + logSwap)) {
      files.unlink(path(name))
      return []
    }
    // An index that was to be renamed next. It is complete: all of them were synced before.
    const swap = name.slice(0, -suffixes.cleaned.length) + suffixes.swap
    files.rename(path(name), path(swap))
    return swap
  })
  const parsed = names.flatMap((name) => parseFileName(name) ?? [])
  const bases = parsed.filter(({ suffix }) => suffix === suffixes.log)
  for (const { baseOffset, suffix } of parsed) {
    if (suffix !== logSwap) continue
    const swap = path(fileName(baseOffset, logSwap))
    const endOffset = endOf(disk, swap, baseOffset)
    log.info('Compaction is finished that a stop interrupted', { file: swap, endOffset })
    for (const old of bases)
      if (old.baseOffset >= baseOffset && old.baseOffset < Math.max(endOffset, baseOffset + 1))
        for (const kind of segmentSuffixes) remove(disk, path(fileName(old.baseOffset, kind)))
  }
  // Indexes of a swap are renamed with it: those that are not made anew are right.
  for (const name of names) {
    if (!name.endsWith(suffixes.swap)) continue
    const isDecided = names.includes(`${name.slice(0, 20)}${logSwap}`)
    const already = names.includes(`${name.slice(0, 20)}${suffixes.log}`)
    if (isDecided || already) files.rename(path(name), path(name.slice(0, -suffixes.swap.length)))
    else files.unlink(path(name))
  }
  files.syncDirectory(directory)
}

const segmentSuffixes = [
  suffixes.offsetIndex,
  suffixes.timeIndex,
  suffixes.transactionIndex,
  suffixes.log,
] as const

function remove(disk: LogDisk, path: string): void {
  if (disk.env.files.stat(path)) disk.env.files.unlink(path)
}

function endOf(disk: LogDisk, path: string, baseOffset: number): number {
  const file = disk.env.files.open(path, 'read')
  try {
    const scanner = new BatchScanner(file, 0, file.sizeBytes())
    let endOffset = baseOffset
    while (scanner.next()) endOffset = scanner.lastOffset + 1
    return endOffset
  } finally {
    file.close()
  }
}
