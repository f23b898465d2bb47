/** What this broker says of itself: the versions of its APIs, computed from the handlers, and features. */
import { ownApis } from '../../protocol/apis.ts'
import type { Api } from '../../protocol/schema.ts'
import type { Handler } from './handler.ts'

export interface VersionRange {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** `unstable`: versions that Kafka has not released yet too (unstable.api.versions.enable). */
export function advertisedVersions(
  handlers: readonly Handler[],
  unstable: boolean,
): readonly VersionRange[] {
  const own: readonly unknown[] = ownApis
  const kafkas = handlers.filter(({ api }) => !own.includes(api))
  const byKey = kafkas.sort((a, b) => a.api.key - b.api.key)
  return byKey.map(({ api, versions = api.versions }) => {
    const [minVersion, max] = versions
    const { unstableSince = Infinity } = api as Api<any, any> & { unstableSince?: number }
    const maxVersion = unstable ? max : Math.min(max, unstableSince - 1)
    return { apiKey: api.key, minVersion, maxVersion }
  })
}
