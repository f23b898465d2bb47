/** How the command line fails: one clear line, and an exit code. */
import { KafkaError } from '../client/kafka-error.ts'

/** 1: something did not work; 2: the command line itself is wrong. */
export class Failure extends Error {
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

export const usageFailure = (message: string): Failure => new Failure(message, 2)

/** Whoever read our output is gone (`| head`): nothing is left to say. */
export class ClosedPipe extends Error {}

/** The sentence for a person; a stack only for our own faults, and with `debug`. */
export function explain(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? error.message
  if (error instanceof Failure || error instanceof KafkaError) return error.message
  const { code, path, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `There is no file ${path}`
  if (code === 'EACCES') return `The file ${path} may not be read`
  if (code === 'EISDIR') return `${path ?? 'That'} is a directory`
  if (code === 'ENOSPC') return 'The disk is full: output could not be written'
  return message ?? String(error)
}
