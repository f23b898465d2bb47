import { api, array, bool, float64, int8, int16, int32, string } from '../schema.ts'

/** Lists the client quotas that match a filter (KIP-546). */
export const DescribeClientQuotas = api(48, 'DescribeClientQuotas', {
  versions: [0, 1],
  flexible: 1,
  request: {
    components: array({
      entityType: string,
      matchType: int8,
      match: string.nullable(),
    }),
    strict: bool,
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    errorMessage: string.nullable(),
    entries: array({
      entity: array({ entityType: string, entityName: string.nullable() }),
      values: array({ key: string, value: float64 }),
    }).nullable(),
  },
})
