import { expect, test } from 'vitest'
import { ErrorCode, errorByCode, errors } from '../../protocol/errors.ts'

test('codes run from -1 to 133 without a gap, each under one name', () => {
  expect(Object.values(ErrorCode)).toEqual(Array.from({ length: 135 }, (_, i) => i - 1))
})

test('an error is found by its name and by its code', () => {
  const error = {
    code: 6,
    name: 'NOT_LEADER_OR_FOLLOWER',
    message: 'The broker does not lead or follow this partition',
    retriable: true,
    refresh: true,
  }
  expect(errors.NOT_LEADER_OR_FOLLOWER).toEqual(error)
  expect(errorByCode(6)).toBe(errors.NOT_LEADER_OR_FOLLOWER)
})

test('a code from a later release is an unknown server error', () => {
  expect(errorByCode(9999)).toBe(errors.UNKNOWN_SERVER_ERROR)
})
