import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { collect } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure, usageFailure } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { profileFiles, profileProperties, readProfiles, userProfilePath } from '../profiles.ts'
import { propertyLine, readIfPresent, readPropertiesFile } from '../properties-file.ts'
import { canonicalName } from '../property-names.ts'
import { type Session, withSession } from '../session.ts'
import { unknownProperty } from '../settings.ts'

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
    .option('-y, --yes', 'replace one without a question')
    .option('--dry-run', 'only say what would be written')
    .action(withSession(create))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla profile create local bootstrap.servers=localhost:9092\n  ottla profile create production --import client.properties',
    )
  profile
    .command('delete')
    .alias('rm')
    .description('Delete a profile of your own')
    .argument('<name>', 'the profile')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be done')
    .action(withSession(remove))
    .addHelpText('after', '\nExample:\n  ottla profile delete production --yes')
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
  write(withCurrent(userText(), name))
  session.say(name === '' ? 'No profile counts now' : `Profile ${name} counts now`)
}

async function create(
  session: Session,
  name: string,
  words: string[],
  options: Consent & { import?: string[] },
): Promise<void> {
  if (!/^[\w.-]+$/.test(name))
    throw usageFailure(`"${name}" is not a name: letters, digits, _ . - are`)
  const properties = new Map<string, string>()
  for (const path of options.import ?? []) {
    const dialect = path.endsWith('.properties') ? 'java' : 'kcat'
    for (const [key, value] of readPropertiesFile(path, undefined, dialect))
      if (canonicalName(key) !== undefined) properties.set(key, value)
      else session.say(`${path}: ${key} is no property of a client and was left out`)
  }
  for (const word of words) {
    const at = word.indexOf('=')
    if (at < 1) throw usageFailure(`"${word}" is not name=value`)
    const key = word.slice(0, at)
    if (canonicalName(key) === undefined) throw unknownProperty(key, '-X')
    properties.set(key, word.slice(at + 1))
  }
  const lines = [...properties].map(([key, value]) => propertyLine(key, value))
  const path = userProfilePath(process.env)
  const isLost = readProfiles(userText(), path).profiles.some((profile) => profile.name === name)
  const what = isLost ? `replace profile ${name} in ${path}` : `write profile ${name} to ${path}`
  if ((isLost || options.dryRun) && !(await confirm([what], options))) return
  const others = withoutSection(userText(), name).trimEnd()
  write(`${others}${others === '' ? '' : '\n\n'}[${name}]\n${lines.join('')}`)
  session.say(`Wrote profile ${name} to ${path}`)
}

async function remove(session: Session, name: string, consent: Consent): Promise<void> {
  const path = userProfilePath(process.env)
  const { profiles, current } = readProfiles(userText(), path)
  const names = profiles.map((profile) => profile.name)
  if (!names.includes(name)) {
    const near = nearest(name, names)
    throw new Failure(
      `There is no profile "${name}" in ${path}${near ? `, did you mean "${near}"?` : ''}`,
    )
  }
  if (!(await confirm([`delete profile ${name} from ${path}`], consent))) return
  const left = withoutSection(userText(), name)
  write(current === name ? withCurrent(left, '') : left)
  session.say(`Deleted profile ${name}`)
}

const userText = (): string => readIfPresent(userProfilePath(process.env)) ?? ''

/** Without a section; what people have noted in comments stays, wherever it stands. */
function withoutSection(text: string, name: string): string {
  let inside = false
  const kept = text.split('\n').filter((line) => {
    const heading = /^\s*\[(.+)\]\s*$/.exec(line)?.[1]?.trim()
    if (heading !== undefined) inside = heading === name
    return !inside || /^\s*[#!]/.test(line)
  })
  return kept.join('\n')
}

/** The key `profile` stands before the first section. */
function withCurrent(text: string, name: string): string {
  const end = text.search(/^\s*\[/m)
  const head = end < 0 ? text : text.slice(0, end)
  const others = head.split('\n').filter((line) => !/^\s*profile\s*=/.test(line))
  const chosen = name === '' ? '' : `profile=${name}\n`
  return `${chosen}${others.join('\n')}${end < 0 ? '' : text.slice(end)}`
}

/** Readable by its owner alone: passwords stand in it. */
function write(text: string): void {
  const path = userProfilePath(process.env)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o600 })
}
