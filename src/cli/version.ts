import { createRequire } from 'node:module'

/** Of the package that this file was shipped in: two folders up from the sources, one from dist. */
export const version: string = (() => {
  const require = createRequire(import.meta.url)
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (require(path) as { version: string }).version
    } catch {
      // Not here: the next place.
    }
  }
  return 'unknown'
})()
