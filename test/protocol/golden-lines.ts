import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** The JSON objects of a golden file, one a line. */
export function goldenLines<T>(name: string): T[] {
  const text = gunzipSync(readFileSync(join(import.meta.dirname, 'golden', name))).toString()
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}
