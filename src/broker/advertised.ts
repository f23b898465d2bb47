/** What this broker says of itself: the versions of its APIs, computed from the handlers, and features. */
import type { Api } from '../../protocol/schema.ts'
import { allHandlers, versionsOf } from './handlers.ts'

export interface VersionRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** Features that a cluster of this release can have, with the levels that it knows. */
export const supportedFeatures: readonly {
  name: string
  minVersion: number
  maxVersion: number
}[] = []

const ranges = new Map<boolean, readonly VersionRange[]>()

/** `unstable`: versions that Kafka has not released yet too (unstable.api.versions.enable). */
export function advertisedVersions(unstable: boolean): readonly VersionRange[] {
  let known = ranges.get(unstable)
  if (known === undefined) {
    known = allHandlers().map((handler) => {
      const [minVersion, max] = versionsOf(handler)
      const { unstableSince = Infinity } = handler.api as Api<any, any> & { unstableSince?: number }
      return {
        apiKey: handler.api.key,
        minVersion,
        maxVersion: unstable ? max : Math.min(max, unstableSince - 1),
      }
    })
    ranges.set(unstable, known)
  }
  return known
}
