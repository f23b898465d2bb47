/**
 * An answer that is an error code. Thrown while a command is decided, where it ends the decision,
 * and turned into the reply by the machine: it never leaves the core as an exception.
 */
export class Refusal extends Error {
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}
