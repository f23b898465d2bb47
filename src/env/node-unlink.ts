/**
 * Unlinks on the thread pool.
 *
 * To free the pages of a large file takes the kernel tens of milliseconds in one go, on a processor that the loop, or a client on
 * this machine, waits for: the 99th percentile of others beside a load at full rate was longer for it (bench/README.md). So a file that nobody reads
 * is shortened piece by piece before it goes. Who has it open, or has linked it elsewhere (a backup), could use a file that is
 * unlinked, not one that is shorter.
 */
import { promises } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** A millisecond's work, or less. */
const pieceBytes = 4 * 1024 * 1024
const pauseMs = 2

export async function unlinkLater(path: string, isUnread = false): Promise<void> {
  if (isUnread) {
    const { size, nlink } = await promises.stat(path)
    // A file that cannot be shortened may be unlinked all the same.
    if (size > pieceBytes && nlink === 1) await shorten(path, size).catch(() => {})
  }
  await promises.unlink(path)
}

async function shorten(path: string, size: number): Promise<void> {
  const file = await promises.open(path, 'r+')
  try {
    for (let rest = size - pieceBytes; rest > 0; rest -= pieceBytes) {
      await file.truncate(rest)
      await setTimeout(pauseMs)
    }
  } finally {
    await file.close()
  }
}
