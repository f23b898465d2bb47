import { api, array, bool, int8, int16, int32, string } from '../schema.ts'

const describeConfigsResource = {
  resourceType: int8, // 2 topic, 4 broker, 8 broker logger, 16 client metrics, 32 group.
  resourceName: string,
  configurationKeys: array(string).nullable(), // null: all.
}

const describeConfigsResourceResult = {
  name: string,
  value: string.nullable(),
  readOnly: bool,
  // 1 topic, 2 dynamic broker, 3 dynamic default broker, 4 static broker, 5 default, 6 broker logger, 7 client metrics, 8 group.
  configSource: int8.default(-1),
  isSensitive: bool,
  synonyms: array({ name: string, value: string.nullable(), source: int8 }),
  // 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
  configType: int8.default(0).since(3),
  documentation: string.nullable().since(3),
}

const describeConfigsResult = {
  errorCode: int16,
  errorMessage: string.nullable(),
  resourceType: int8,
  resourceName: string,
  configs: array(describeConfigsResourceResult),
}

/**
 * Tells the configuration of topics, brokers, groups and client metrics, with where each value
 * comes from.
 */
export const DescribeConfigs = api(32, 'DescribeConfigs', {
  versions: [1, 4],
  flexible: 4,
  request: {
    resources: array(describeConfigsResource),
    includeSynonyms: bool.default(false),
    includeDocumentation: bool.default(false).since(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array(describeConfigsResult),
  },
})
