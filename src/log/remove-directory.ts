/** Removes the directory of a deleted partition, in the background. What stays is removed by the next start. */
import type { LogDisk } from './log-disk.ts'

/** `isRead` tells whether any of its files is open still. */
export function removeDirectoryLater(
  disk: LogDisk,
  path: string,
  delayMs: number,
  isRead: () => boolean = () => false,
): void {
  disk.after(delayMs, () => {
    removeDirectory(disk, path, isRead).catch((error: Error) =>
      disk.env.log.warn('Directory is not removed', { path, because: error.message }),
    )
  })
}

async function removeDirectory(disk: LogDisk, path: string, isRead: () => boolean): Promise<void> {
  const { files } = disk.env
  for (const { name } of files.list(path)) await files.unlinkLater(`${path}/${name}`, !isRead())
  files.removeDirectory(path)
}
