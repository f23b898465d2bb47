import { api, bytes, int16 } from '../schema.ts'

/** Forwards a client's request to the controller, with the principal who sent it (KIP-590). */
export const Envelope = api(58, 'Envelope', {
  versions: [0, 0],
  flexible: 0,
  request: {
    requestData: bytes,
    requestPrincipal: bytes.nullable(),
    clientHostAddress: bytes,
  },
  response: {
    responseData: bytes.nullable().default(null),
    errorCode: int16,
  },
})
