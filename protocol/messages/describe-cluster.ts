import { api, array, bool, int8, int16, int32, string } from '../schema.ts'

const describeClusterBroker = {
  brokerId: int32,
  host: string,
  port: int32,
  rack: string.nullable().default(null),
  isFenced: bool.since(2),
}

/** Tells the cluster id, the controller and the brokers (KIP-700). */
export const DescribeCluster = api(60, 'DescribeCluster', {
  versions: [0, 2],
  flexible: 0,
  request: {
    includeClusterAuthorizedOperations: bool,
    endpointType: int8.default(1).since(1), // 1: brokers; 2: controllers (KIP-919).
    includeFencedBrokers: bool.since(2),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    endpointType: int8.default(1).since(1),
    clusterId: string,
    controllerId: int32.default(-1),
    brokers: array(describeClusterBroker),
    clusterAuthorizedOperations: int32.default(-2147483648),
  },
})
