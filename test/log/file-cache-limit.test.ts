import { expect, test } from 'vitest'
import { openFilesMaxOf } from '../../src/log/file-cache.ts'

test('segments take a part of the descriptors that the process may have', () => {
  expect([undefined, 256, 20_000, 1_048_576].map(openFilesMaxOf)).toEqual([
    1024, 1024, 12_000, 65_536,
  ])
})
