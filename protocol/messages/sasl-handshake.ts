import { api, array, int16, string } from '../schema.ts'

/**
 * Chooses the SASL mechanism; raw tokens follow version 0, SaslAuthenticate frames version 1
 * (KIP-152).
 */
export const SaslHandshake = api(17, 'SaslHandshake', {
  versions: [0, 1],
  request: {
    mechanism: string,
  },
  response: {
    errorCode: int16,
    mechanisms: array(string),
  },
})
