/** DescribeCluster 0–2: the cluster id and the brokers (KIP-700, KIP-919, KIP-1073). */
import { ErrorCode } from '../../../protocol/errors.ts'
import { DescribeCluster } from '../../../protocol/messages/describe-cluster.ts'
import { handler } from '../handler.ts'

const brokerEndpoints = 1
const controllerEndpoints = 2
const clusterOperations = 0b0001_1111_1010_0000
const notAsked = -2147483648

export const describeCluster = handler(DescribeCluster, {
  handle(request, { broker, listenerName }) {
    const { endpointType } = request
    if (endpointType !== brokerEndpoints) {
      const known = endpointType === controllerEndpoints
      return {
        errorCode: known ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
        errorMessage: known
          ? 'The request was sent to an endpoint of the wrong type: this is a broker listener'
          : `The endpoint type ${endpointType} is unknown; 1 asks for brokers`,
        clusterId: '',
        brokers: [],
      }
    }
    return {
      errorCode: ErrorCode.NONE,
      clusterId: broker.image.clusterId,
      controllerId: broker.someBrokerId(),
      brokers: broker
        .endpointsFor(listenerName, request.includeFencedBrokers)
        .map(({ nodeId, host, port, rack, isFenced }) => ({
          brokerId: nodeId,
          host,
          port,
          rack,
          isFenced,
        })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? clusterOperations
        : notAsked,
    }
  },
  failure: (_request, errorCode, errorMessage) => ({
    errorCode,
    errorMessage,
    clusterId: '',
    brokers: [],
  }),
})
