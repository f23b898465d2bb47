import { api, array, bool, int16, int32, int64, string } from '../schema.ts'

const describeLogDirsPartition = {
  partitionIndex: int32,
  partitionSize: int64,
  offsetLag: int64,
  isFutureKey: bool,
}

const describeLogDirsTopic = {
  name: string,
  partitions: array(describeLogDirsPartition),
}

const describeLogDirsResult = {
  errorCode: int16,
  logDir: string,
  topics: array(describeLogDirsTopic),
  totalBytes: int64.default(-1).since(4),
  usableBytes: int64.default(-1).since(4),
  isCordoned: bool.default(false).since(5),
}

/** Tells the replicas in each log directory, their sizes and the space left. */
export const DescribeLogDirs = api(35, 'DescribeLogDirs', {
  versions: [1, 5],
  flexible: 2,
  request: {
    topics: array({ topic: string, partitions: array(int32) }).nullable(),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(3),
    results: array(describeLogDirsResult),
  },
})
