import { api, array, bool, int16, int32, int64, string, uint16, uuid } from '../schema.ts'

const listener = {
  name: string,
  host: string,
  port: uint16,
  securityProtocol: int16,
}

/** Registers a broker at the controller and gives it a broker epoch (KIP-631). */
export const BrokerRegistration = api(62, 'BrokerRegistration', {
  versions: [0, 4],
  flexible: 0,
  request: {
    brokerId: int32,
    clusterId: string,
    incarnationId: uuid,
    listeners: array(listener),
    features: array({
      name: string,
      minSupportedVersion: int16,
      maxSupportedVersion: int16,
    }),
    rack: string.nullable(),
    isMigratingZkBroker: bool.default(false).since(1),
    logDirs: array(uuid).since(2),
    previousBrokerEpoch: int64.default(-1).since(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    brokerEpoch: int64.default(-1),
  },
})
