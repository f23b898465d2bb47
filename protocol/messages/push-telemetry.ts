import { api, bool, bytes, int8, int16, int32, uuid } from '../schema.ts'

/** Takes a client's metrics in OpenTelemetry's format (KIP-714). */
export const PushTelemetry = api(72, 'PushTelemetry', {
  versions: [0, 0],
  flexible: 0,
  request: {
    clientInstanceId: uuid,
    subscriptionId: int32,
    terminating: bool,
    compressionType: int8,
    metrics: bytes,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
  },
})
