/** What an admin request did wrong: Kafka's code and a message for people. */
export interface Fault {
  readonly errorCode: number
  readonly errorMessage: string | null
}

export const fine: Fault = { errorCode: 0, errorMessage: null }

export function fault(error: { readonly code: number }, errorMessage: string | null): Fault {
  return { errorCode: error.code, errorMessage }
}

export function isFault(value: object): value is Fault {
  return 'errorCode' in value
}
