import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { collect } from '../arguments.ts'
import { Failure, usageFailure } from '../failure.ts'
import {
  type Profile,
  profileFiles,
  profileProperties,
  readProfiles,
  userProfilePath,
} from '../profiles.ts'
import { readIfPresent, readPropertiesFile } from '../properties-file.ts'
import { canonicalName } from '../property-names.ts'
import { type Session, withSession } from '../session.ts'

export function registerProfile(program: Command): void {
  const profile = program
    .command('profile')
    .description('Keep the properties of clusters under names')
    .addHelpText(
      'after',
      `\nProfiles stand in ${userProfilePath(process.env)}, a project's own in .ottla.conf\n(found from here up to the root of the repository). The first line \`profile=NAME\` chooses one.\n\nExamples:\n  ottla profile create local bootstrap.servers=localhost:9092\n  ottla profile use local\n  ottla topics list --profile local`,
    )
  profile
    .command('list')
    .alias('ls')
    .description('List profiles')
    .action(withSession(list))
    .addHelpText('after', '\nExample:\n  ottla profile list')
  profile
    .command('show')
    .description('Show a profile, or which settings count now and who set them')
    .argument('[name]', 'the profile')
    .action(withSession(show))
    .addHelpText('after', '\nExamples:\n  ottla profile show\n  ottla profile show production')
  profile
    .command('use')
    .description('Choose the profile that counts from now on')
    .argument('<name>', "the profile; '' for none")
    .action(withSession(use))
    .addHelpText('after', '\nExample:\n  ottla profile use production')
  profile
    .command('create')
    .description('Write a new profile, or replace one')
    .argument('<name>', 'the profile')
    .argument('[name=value...]', 'properties')
    .option('--import <path>', 'a kcat.conf or client.properties, repeatable', collect)
    .action(withSession(create))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla profile create local bootstrap.servers=localhost:9092\n  ottla profile create production --import client.properties',
    )
}

const secret = /password|\.key$|jaas|token/

async function list(session: Session): Promise<void> {
  const files = profileFiles(process.env, process.cwd())
  const current = profileProperties(session.options.profile, process.env, process.cwd())
  const rows = files.flatMap(({ profiles }) => profiles)
  if (session.format === 'json')
    session.json({
      profiles: rows.map(({ name, path }) => ({
        name,
        path,
        current: current?.name === name && current.path === path,
      })),
    })
  else
    session.table(
      ['', 'PROFILE', 'BROKERS', 'FILE'],
      rows.map(({ name, path, properties }) => [
        current?.name === name && current.path === path ? '*' : '',
        name,
        properties.get('bootstrap.servers') ?? properties.get('metadata.broker.list'),
        path,
      ]),
    )
}

async function show(session: Session, name: string | undefined): Promise<void> {
  const chosen =
    name === undefined ? undefined : profileProperties(name, process.env, process.cwd())
  const rows = chosen
    ? [...chosen.properties].map(([key, value]) => ({ key, value, source: chosen.path }))
    : [...session.settings].map(([key, setting]) => ({ key, ...setting }))
  const shown = rows.map((row) => ({
    ...row,
    value: secret.test(row.key) ? '(hidden)' : row.value,
  }))
  if (session.format === 'json') session.json({ settings: shown })
  else
    session.table(
      ['PROPERTY', 'VALUE', 'SOURCE'],
      shown.map(({ key, value, source }) => [key, value, source]),
    )
}

async function use(session: Session, name: string): Promise<void> {
  if (name !== '') profileProperties(name, process.env, process.cwd())
  write(userProfiles(), name)
  session.say(name === '' ? 'No profile counts now' : `Profile ${name} counts now`)
}

async function create(
  session: Session,
  name: string,
  words: string[],
  options: { import?: string[] },
): Promise<void> {
  if (!/^[\w.-]+$/.test(name))
    throw usageFailure(`"${name}" is not a name: letters, digits, _ . - are`)
  const properties = new Map<string, string>()
  for (const path of options.import ?? [])
    for (const [key, value] of readPropertiesFile(path)) properties.set(key, value)
  for (const word of words) {
    const at = word.indexOf('=')
    if (at < 1) throw usageFailure(`"${word}" is not name=value`)
    properties.set(word.slice(0, at), word.slice(at + 1))
  }
  for (const key of properties.keys())
    if (canonicalName(key) === undefined)
      throw new Failure(`No such configuration property: "${key}"`)
  const path = userProfilePath(process.env)
  const file = userProfiles()
  const others = file.profiles.filter((profile) => profile.name !== name)
  write({ ...file, profiles: [...others, { name, path, properties }] }, file.current ?? '')
  session.say(`Wrote profile ${name} to ${path}`)
}

function userProfiles(): { profiles: readonly Profile[]; current: string | undefined } {
  const path = userProfilePath(process.env)
  return readProfiles(readIfPresent(path) ?? '', path)
}

/** Readable by its owner alone: passwords stand in it. */
function write({ profiles }: { profiles: readonly Profile[] }, current: string): void {
  const path = userProfilePath(process.env)
  const sections = profiles.map(
    ({ name, properties }) =>
      `[${name}]\n${[...properties].map(([key, value]) => `${key}=${value.replaceAll('=', '\\=')}\n`).join('')}`,
  )
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${current === '' ? '' : `profile=${current}\n\n`}${sections.join('\n')}`, {
    mode: 0o600,
  })
}
