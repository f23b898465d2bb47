import { api, array, int8, int16, int32, string } from '../schema.ts'

const deleteAclsFilter = {
  resourceTypeFilter: int8,
  resourceNameFilter: string.nullable(),
  patternTypeFilter: int8.default(3),
  principalFilter: string.nullable(),
  hostFilter: string.nullable(),
  operation: int8,
  permissionType: int8,
}

const deleteAclsMatchingAcl = {
  errorCode: int16,
  errorMessage: string.nullable(),
  resourceType: int8,
  resourceName: string,
  patternType: int8.default(3),
  principal: string,
  host: string,
  operation: int8,
  permissionType: int8,
}

const deleteAclsFilterResult = {
  errorCode: int16,
  errorMessage: string.nullable(),
  matchingAcls: array(deleteAclsMatchingAcl),
}

/** Deletes the access control entries that match the filters. */
export const DeleteAcls = api(31, 'DeleteAcls', {
  versions: [1, 3],
  flexible: 2,
  request: {
    filters: array(deleteAclsFilter),
  },
  response: {
    throttleTimeMs: int32.default(0),
    filterResults: array(deleteAclsFilterResult),
  },
})
