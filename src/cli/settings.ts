/**
 * Where properties come from, the highest first: flags, -X, the environment, the profile, files
 * named by -F or --command-config, the default file.
 */
import { join } from 'node:path'
import { Failure, usageFailure } from './failure.ts'
import { nearest } from './nearest.ts'
import { profileProperties } from './profiles.ts'
import { readIfPresent, readPropertiesFile } from './properties-file.ts'
import { canonicalName, propertyNames } from './property-names.ts'

export interface SettingSources {
  /** `-b`. */
  readonly bootstrap?: string | undefined
  /** `-X`, in their order. */
  readonly properties?: readonly string[] | undefined
  readonly files?: readonly string[] | undefined
  /** Takes the place of the default file, too. A file for Java's clients, which pass over what they do not know: serializers have properties of their own. */
  readonly commandConfig?: string | undefined
  readonly onUnknown?: ((name: string, path: string) => void) | undefined
  readonly profile?: string | undefined
  /** Hears of each file that is read, before what is wrong in it. */
  readonly onFile?: ((path: string) => void) | undefined
}

/** A value and who said it, for `profile show`. */
export interface Setting {
  readonly value: string
  readonly source: string
}

export function gatherSettings(
  sources: SettingSources,
  environment: NodeJS.ProcessEnv = process.env,
  directory: string = process.cwd(),
): Map<string, Setting> {
  const settings = new Map<string, Setting>()
  const add = (
    values: ReadonlyMap<string, string>,
    source: string,
    onUnknown: (name: string) => void = (name) => {
      throw unknownProperty(name, source)
    },
  ) => {
    for (const [name, value] of values) {
      const known = canonicalName(name)
      if (known === undefined) {
        onUnknown(name)
        continue
      }
      settings.set(known === 'metadata.broker.list' ? 'bootstrap.servers' : known, {
        value,
        source,
      })
    }
  }
  for (const { path, values } of files(sources, environment)) add(values, path)
  const { commandConfig } = sources
  if (commandConfig !== undefined)
    add(readPropertiesFile(commandConfig, undefined, 'java'), commandConfig, (name) =>
      sources.onUnknown?.(name, commandConfig),
    )
  const profile = profileProperties(sources.profile, environment, directory)
  if (profile) add(profile.properties, `profile ${profile.name}`)
  add(fromEnvironment(environment), 'environment')
  add(fromArguments(sources.properties ?? []), '-X')
  if (sources.bootstrap !== undefined)
    settings.set('bootstrap.servers', { value: sources.bootstrap, source: '-b' })
  return settings
}

/** As in kcat: `-F none` stands for no default file, and the environment names one all the same. */
function files(sources: SettingSources, environment: NodeJS.ProcessEnv) {
  const { files: given = [], commandConfig } = sources
  const named = given.filter((path) => path !== '-' && path !== 'none')
  if (named.length > 0)
    return named.map((path) => ({ path, values: readPropertiesFile(path, sources.onFile) }))
  if (commandConfig !== undefined) return []
  const path = environment['KCAT_CONFIG'] || environment['KAFKACAT_CONFIG']
  if (path) return [{ path, values: readPropertiesFile(path, sources.onFile) }]
  if (given.length > 0) return []
  const home = environment['HOME']
  if (!home) return []
  const candidates = ['kcat.conf', 'kafkacat.conf'].map((name) => join(home, '.config', name))
  const found = candidates.find((candidate) => readIfPresent(candidate) !== undefined)
  return found === undefined
    ? []
    : [{ path: found, values: readPropertiesFile(found, sources.onFile) }]
}

/** `OTTLA_SASL_PASSWORD` is sasl.password; `KAFKA_BOOTSTRAP_SERVERS` is what containers set. */
function fromEnvironment(environment: NodeJS.ProcessEnv): Map<string, string> {
  const values = new Map<string, string>()
  const servers =
    environment['OTTLA_BOOTSTRAP_SERVERS'] ??
    environment['OTTLA_BROKERS'] ??
    environment['KAFKA_BOOTSTRAP_SERVERS']
  if (servers) values.set('bootstrap.servers', servers)
  for (const [key, value] of Object.entries(environment)) {
    if (!key.startsWith('OTTLA_') || value === undefined) continue
    const name = canonicalName(key.slice(6).toLowerCase().replaceAll('_', '.'))
    if (name !== undefined && name !== 'bootstrap.servers') values.set(name, value)
  }
  return values
}

function fromArguments(properties: readonly string[]): Map<string, string> {
  return new Map(
    properties.map((text) => {
      const at = text.indexOf('=')
      if (at < 1)
        throw usageFailure(
          `Expected -X property=value, not ${text}, use -X list to display available properties`,
        )
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

export function unknownProperty(name: string, source: string): Failure {
  const near = nearest(name, propertyNames)
  const hint = near === undefined ? '' : `, did you mean "${near}"?`
  const where = source === '-X' ? '' : ` (${source})`
  return new Failure(`No such configuration property: "${name}"${where}${hint}`)
}
