/** What a write that failed means for a log. */
import type { Log } from './log.ts'
import { StorageError } from './log-disk.ts'

/** A full disk may have room again later, and descriptors come free; on any other failure the disk cannot be relied on. */
export function mayPass(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EFBIG'].includes(code)
}

export function writeFailed(
  { disk, directory, name, segments }: Log,
  error: unknown,
): StorageError {
  try {
    // What was written in part is of no use, and would stand behind the next batch.
    if (!segments.active.isPreallocated)
      segments.active.file.get().truncate(segments.active.sizeBytes)
  } catch {
    // The next write goes to the same position, and recovery cuts what does not fit.
  }
  const { message } = error as Error
  if (error instanceof StorageError) return error
  if (mayPass(error)) {
    disk.env.log.error('Append failed', { log: name, because: message })
    return new StorageError(`Append to ${directory} failed: ${message}`, { cause: error })
  }
  return disk.fail(`Append to ${directory} failed`, error)
}
