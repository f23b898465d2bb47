/**
 * Profiles: named sets of properties, one for each cluster.
 *
 * `ottla.conf` in the user's configuration directory has a `[section]` for each; a project may
 * have its own `.ottla.conf`, found from the working directory up to the root of the repository,
 * whose profiles come before the user's. The key `profile` before the first section names the one to use.
 */
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from './failure.ts'
import { nearest } from './nearest.ts'
import { parseProperties, readIfPresent } from './properties-file.ts'

export interface Profile {
  readonly name: string
  readonly path: string
  readonly properties: ReadonlyMap<string, string>
}

export interface ProfileFile {
  readonly path: string
  readonly current: string | undefined
  readonly profiles: readonly Profile[]
}

export function userProfilePath(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config')
  return join(base, 'ottla', 'ottla.conf')
}

/** The project's file first, then the user's; those that exist. */
export function profileFiles(environment: NodeJS.ProcessEnv, directory: string): ProfileFile[] {
  const project = [...upwards(directory)].map((at) => join(at, '.ottla.conf'))
  return [...project, userProfilePath(environment)].flatMap((path) => {
    const text = readIfPresent(path)
    return text === undefined ? [] : [readProfiles(text, path)]
  })
}

export function readProfiles(text: string, path: string): ProfileFile {
  const [head, ...sections] = parseProperties(text, path, 'profiles')
  return {
    path,
    current: head?.properties.get('profile'),
    profiles: sections.map(({ name, properties }) => ({ name, path, properties })),
  }
}

/** The profile that counts: asked for, from OTTLA_PROFILE, or the current one of a file. */
export function profileProperties(
  asked: string | undefined,
  environment: NodeJS.ProcessEnv,
  directory: string,
): Profile | undefined {
  const files = profileFiles(environment, directory)
  const name = asked ?? environment['OTTLA_PROFILE'] ?? files.find((file) => file.current)?.current
  if (name === undefined || name === '') return undefined
  const all = files.flatMap((file) => file.profiles)
  const found = all.find((profile) => profile.name === name)
  if (found) return found
  const near = nearest(
    name,
    all.map((profile) => profile.name),
  )
  throw new Failure(`There is no profile "${name}"${near ? `, did you mean "${near}"?` : ''}`)
}

/** Where a project's own file may stand: here or above, up to the root of the repository. */
function* upwards(directory: string): Generator<string> {
  for (let at = directory; ; at = dirname(at)) {
    yield at
    if (readsAsDirectory(join(at, '.git')) || dirname(at) === at) return
  }
}

function readsAsDirectory(path: string): boolean {
  try {
    return readIfPresent(path) !== undefined
  } catch {
    return true // EISDIR
  }
}
