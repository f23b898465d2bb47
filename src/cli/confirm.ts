/** Before something is destroyed: say what, and ask, unless --yes. */
import { createInterface } from 'node:readline/promises'
import { Failure } from './failure.ts'

export interface Consent {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** True when it may be done; false for a dry run or a no. Without a terminal and --yes it fails. */
export async function confirm(what: readonly string[], consent: Consent): Promise<boolean> {
  if (consent.yes && !consent.dryRun) return true
  for (const line of what) process.stderr.write(`${consent.dryRun ? 'Would' : 'Will'} ${line}\n`)
  if (consent.dryRun) return false
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure('Nothing was done: add --yes to do it without a question', 2)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question('Go on? [y/N] ')
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
