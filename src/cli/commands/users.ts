import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import {
  deleteScramPassword,
  listScramUsers,
  type ScramMechanism,
  scramIterations,
  scramMechanisms,
  setScramPassword,
} from '../../client/admin/users.ts'
import { integer } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { usageFailure } from '../failure.ts'
import { type Session, withSession } from '../session.ts'

const mechanismOption = () =>
  new Option('--mechanism <name>', 'which kind')
    .choices(Object.keys(scramMechanisms))
    .default('SCRAM-SHA-512')

export function registerUsers(program: Command): void {
  const users = program
    .command('users')
    .description('List users, set and delete their SCRAM passwords')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla users list\n  ottla users set-scram ann --password-file secret.txt',
    )
  users
    .command('list')
    .alias('ls')
    .description('List users that have SCRAM passwords')
    .action(withSession(list))
    .addHelpText('after', '\nExample:\n  ottla users list')
  users
    .command('set-scram')
    .description('Give a user a SCRAM password')
    .argument('<user>', 'name')
    .addOption(mechanismOption())
    .option('--password-file <path>', 'the password; - is standard input')
    .option('--password <text>', 'the password, which everybody on this machine can see meanwhile')
    .option('--iterations <n>', 'rounds of hashing', integer(4096, 16384), scramIterations)
    .option('-y, --yes', 'replace one without a question')
    .option('--dry-run', 'only say what would be replaced')
    .action(withSession(setScram))
    .addHelpText(
      'after',
      '\nExample:\n  pass show kafka/alice | ottla users set-scram alice --password-file -',
    )
  users
    .command('delete-scram')
    .description('Take a SCRAM password away')
    .argument('<user>', 'name')
    .addOption(mechanismOption())
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be deleted')
    .action(withSession(deleteScram))
    .addHelpText(
      'after',
      '\nExample:\n  ottla users delete-scram alice --mechanism SCRAM-SHA-256 --yes',
    )
}

async function list(session: Session): Promise<void> {
  const found = await listScramUsers(session.cluster)
  if (session.format === 'json') session.json({ users: found })
  else
    session.table(
      ['USER', 'MECHANISM', 'ITERATIONS'],
      found.flatMap(({ name, credentials }) =>
        credentials.map(({ mechanism, iterations }) => [name, mechanism, iterations]),
      ),
    )
}

interface ScramOptions {
  mechanism: ScramMechanism
  password?: string
  passwordFile?: string
  iterations: number
}

async function setScram(
  session: Session,
  name: string,
  options: ScramOptions & Consent,
): Promise<void> {
  const { mechanism, passwordFile, iterations } = options
  const password =
    passwordFile === undefined
      ? options.password
      : readFileSync(passwordFile === '-' ? 0 : passwordFile, 'utf8').split(/\r?\n/)[0]
  if (!password) throw usageFailure('Give the password with --password-file')
  const users = await listScramUsers(session.cluster)
  const held = users.find((user) => user.name === name)?.credentials ?? []
  const isLost = held.some((credential) => credential.mechanism === mechanism)
  const what = `${isLost ? 'replace' : 'set'} the ${mechanism} password of user ${name}`
  if ((isLost || options.dryRun) && !(await confirm([what], options))) return
  const { error } = await setScramPassword(session.cluster, name, mechanism, password, iterations)
  if (error) throw error
  if (session.format === 'json') session.json({ name, mechanism, iterations })
  else session.say(`User ${name} has a ${mechanism} password`)
}

async function deleteScram(
  session: Session,
  name: string,
  options: ScramOptions & Consent,
): Promise<void> {
  if (!(await confirm([`delete the ${options.mechanism} password of user ${name}`], options)))
    return
  const { error } = await deleteScramPassword(session.cluster, name, options.mechanism)
  if (error) throw error
  if (session.format === 'json') session.json({ name, mechanism: options.mechanism, deleted: true })
  else session.say(`User ${name} has no ${options.mechanism} password`)
}
