import { api, array, bool, int16, int32, int64, uuid } from '../schema.ts'

/**
 * Keeps the registration of a broker alive, fences it, and carries its wish to shut down
 * (KIP-631).
 */
export const BrokerHeartbeat = api(63, 'BrokerHeartbeat', {
  versions: [0, 2],
  flexible: 0,
  request: {
    brokerId: int32,
    brokerEpoch: int64.default(-1),
    currentMetadataOffset: int64,
    wantFence: bool,
    wantShutDown: bool,
    offlineLogDirs: array(uuid).since(1).tag(0),
    cordonedLogDirs: array(uuid).nullable().default(null).since(2).tag(1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    isCaughtUp: bool.default(false),
    isFenced: bool.default(true),
    shouldShutDown: bool,
  },
})
