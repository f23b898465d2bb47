import { api, array, bool, int16, int32, string, uint16, uuid } from '../schema.ts'

const listener = {
  name: string,
  host: string,
  port: uint16,
  securityProtocol: int16,
}

/** Registers a controller at the active one (KIP-919). */
export const ControllerRegistration = api(70, 'ControllerRegistration', {
  versions: [0, 0],
  flexible: 0,
  request: {
    controllerId: int32,
    incarnationId: uuid,
    zkMigrationReady: bool,
    listeners: array(listener),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
  },
})
