import { spawnSync } from 'node:child_process'

/** Why system calls cannot be made to fail on this machine; undefined when they can. */
export function straceMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root attaches to any process'
  const { status, error } = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
  if (error) return 'there is no strace'
  return status === 0 ? undefined : `strace ends with ${status}`
}
