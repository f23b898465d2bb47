/**
 * Everything that says how a broker shall be, from the weakest to the strongest: properties files in
 * their order, the environment, `--override`, the flags with names of their own.
 */
import type { GivenConfig } from '../broker/config/broker-config.ts'
import { environmentConfigs } from '../broker/config/environment.ts'
import { parseProperties } from '../broker/config/properties.ts'
import { ConfigError } from '../broker/config/value.ts'

export interface BrokerFlags {
  readonly override: readonly string[]
  readonly dataDir?: string | undefined
  readonly port?: string | undefined
  readonly coordinator?: string | undefined
}

export interface BrokerInputs {
  readonly given: readonly GivenConfig[]
  /** Neither file nor environment said anything, and there is no cluster to join. */
  readonly alone: boolean
}

export function brokerInputs(
  files: readonly { readonly path: string; readonly text: string }[],
  environment: Readonly<Record<string, string | undefined>>,
  flags: BrokerFlags,
): BrokerInputs {
  const fromFiles = files.flatMap(({ path, text }) =>
    [...parseProperties(text)].map(([name, value]) => ({ name, value, origin: path })),
  )
  const fromEnvironment = environmentConfigs(environment).map(({ name, value, variable }) => ({
    name,
    value,
    origin: variable,
  }))
  const given: GivenConfig[] = [...fromFiles, ...fromEnvironment]
  const alone = flags.coordinator === undefined && given.every(({ name }) => name === 'cluster.id')
  for (const text of flags.override) given.push(override(text))
  if (flags.dataDir !== undefined)
    given.push({ name: 'log.dirs', value: flags.dataDir, origin: '--data-dir' })
  if (flags.coordinator !== undefined)
    given.push({ name: 'coordinator.servers', value: flags.coordinator, origin: '--coordinator' })
  if (flags.coordinator !== undefined && !given.some(({ name }) => name === 'process.roles'))
    given.push({ name: 'process.roles', value: 'broker', origin: '--coordinator' })
  if (flags.port !== undefined) given.push(withPort(given, flags.port))
  return { given, alone }
}

function override(text: string): GivenConfig {
  const [, name, value] = /^\s*([^=\s]+)\s*=([\s\S]*)$/.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new ConfigError(`--override takes name=value, not '${text}'`)
  return { name, value, origin: '--override' }
}

/** The first listener at another port; what is advertised is left as it stands. */
function withPort(given: readonly GivenConfig[], port: string): GivenConfig {
  if (!/^\d+$/.test(port) || Number(port) > 65535)
    throw new ConfigError(`--port takes a number from 0 to 65535, not '${port}'`)
  const listeners =
    given.findLast(({ name }) => name === 'listeners')?.value ?? 'PLAINTEXT://127.0.0.1:0'
  const value = listeners.replace(/^(\s*[^,]*:)-?\d+/, `$1${port}`)
  return { name: 'listeners', value, origin: '--port' }
}
