import { api, array, int8, int16, int32, string } from '../schema.ts'

const aclCreation = {
  resourceType: int8,
  resourceName: string,
  resourcePatternType: int8.default(3), // 3: literal; 4: prefixed.
  principal: string,
  host: string,
  operation: int8,
  permissionType: int8,
}

/** Adds access control entries. */
export const CreateAcls = api(30, 'CreateAcls', {
  versions: [1, 3],
  flexible: 2,
  request: {
    creations: array(aclCreation),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({ errorCode: int16, errorMessage: string.nullable() }),
  },
})
