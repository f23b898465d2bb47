/** `ottla cluster rebuild`: the coordinator's metadata anew, from the data directories of all brokers. */

import type { Command } from 'commander'
import { initialFeatures } from '../../broker/features.ts'
import { Journal } from '../../coordinator/journal.ts'
import { type Rebuilt, rebuild } from '../../coordinator/rebuild.ts'
import type { Env, Lock } from '../../env/env.ts'
import { nodeEnv } from '../../env/node.ts'
import { journalDirectory } from '../../log/file-names.ts'
import { DirectoryError, readMetaProperties } from '../../log/meta-properties.ts'
import { surveyDirectory } from '../../log/survey.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure } from '../failure.ts'

interface Options extends Consent {
  readonly dataDir: string
  readonly from: readonly string[]
  readonly acceptLost?: boolean
}

const help = `
For when the directory of the coordinator is lost and there is no copy of it. All brokers
and the coordinator are stopped, and the data directories of ALL brokers are given: a
broker whose directories are left out is refused afterwards, so that its logs stay.

Topics with their ids, partitions, replicas, who is in sync (those with the longest log),
and epochs above any that was found are made anew; groups and their offsets are in a topic.
Lost are: configurations of topics, brokers and groups (also min.insync.replicas and
cleanup.policy), quotas, users (SCRAM), finalized features, the order of preferred
leaders, and reassignments under way. Until you set retention.ms and retention.bytes
again, nothing of any topic is removed.

Examples:
  ottla cluster rebuild --data-dir coordinator --from broker-1 broker-2 broker-3 --dry-run
  ottla cluster rebuild --data-dir coordinator --from broker-1 broker-2 broker-3 --yes`

export function registerRebuild(cluster: Command): void {
  cluster
    .command('rebuild')
    .description("Make the coordinator's lost metadata anew from the brokers' data directories")
    .requiredOption('--data-dir <dir>', 'where the coordinator will find it (its log.dirs)')
    .requiredOption('--from <dir...>', 'the data directories of all brokers')
    .option('--accept-lost', 'make partitions anew, empty, of which no replica is left')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be written')
    .addHelpText('after', help)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const env = nodeEnv({ level: 'warn' })
  const trimmed = (path: string) => path.replace(/(?<=.)\/+$/, '')
  const locks: Lock[] = []
  try {
    const target = trimmed(options.dataDir)
    const journal = `${target}/${journalDirectory}`
    refuseJournal(env, journal)
    const paths = options.from.map(trimmed)
    for (const path of paths) locks.push(await lockOf(env, path))
    const found = rebuild(
      paths.map((path) => surveyDirectory(env, path)),
      { features: initialFeatures, acceptLost: options.acceptLost === true },
    )
    const there = readMetaProperties(env, target)?.clusterId ?? ''
    if (there !== '' && there !== found.clusterId)
      throw new Failure(`${target} belongs to cluster ${there}, the brokers to ${found.clusterId}`)
    for (const line of describe(found)) process.stdout.write(`${line}\n`)
    if (
      !(await confirm([`write the metadata of cluster ${found.clusterId} to ${journal}`], options))
    )
      return
    await write(env, journal, found)
    process.stdout.write(
      `The metadata is in ${journal}. Start the coordinator, then all brokers; set configurations, quotas and users anew\n`,
    )
  } catch (error) {
    throw error instanceof DirectoryError ? new Failure(error.message) : error
  } finally {
    for (const lock of locks) lock.release()
  }
}

function refuseJournal(env: Env, journal: string): void {
  const { files } = env
  if (files.stat(journal) === undefined) return
  const isThere = files.list(journal).some(({ name }) => /\.(log|checkpoint)$/.test(name))
  if (isThere)
    throw new Failure(`There is metadata in ${journal} already. Move it away if it is not wanted`)
}

async function lockOf({ files }: Env, path: string): Promise<Lock> {
  if (files.stat(path)?.isDirectory !== true) throw new Failure(`There is no directory ${path}`)
  const lock = await files.lock(`${path}/.lock`)
  if (lock !== undefined) return lock
  const holder = files.readFile(`${path}/.lock`).toString().trim()
  throw new Failure(
    `Data directory ${path} is in use by another process${holder && ` (pid ${holder})`}: stop it first`,
  )
}

function* describe({ clusterId, brokers, topics }: Rebuilt): Generator<string> {
  yield `Cluster ${clusterId}`
  for (const { brokerId, brokerEpoch, directories } of brokers)
    yield `Broker ${brokerId}: ${directories} ${directories === 1 ? 'directory' : 'directories'}, last epoch ${brokerEpoch}`
  for (const { name, topicId, partitions, lost } of topics) {
    yield `Topic ${name} (${topicId}): ${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'}`
    for (const { partition, replicas, isr } of partitions) {
      if (lost.includes(partition)) yield `  ${partition}: LOST, made anew on ${replicas}`
      else if (isr.length < replicas.length)
        yield `  ${partition}: replicas ${replicas}, in sync only ${isr}`
    }
    const counts = new Set(partitions.map(({ replicas }) => replicas.length))
    if (counts.size > 1)
      yield `  its partitions have ${[...counts].sort((a, b) => a - b).join(' or ')} replicas: is a broker missing?`
  }
  yield 'Not rebuilt: configurations, quotas, users, preferred leaders, reassignments under way'
}

/** Under another name first: what is found under its own is whole. */
async function write(env: Env, journal: string, { records }: Rebuilt): Promise<void> {
  const { files } = env
  const half = `${journal}.rebuilding`
  if (files.stat(half) !== undefined)
    for (const { name } of files.list(half)) files.unlink(`${half}/${name}`)
  const store = new Journal(env, half)
  await store.open()
  await store.txn(records)
  await store.close()
  if (files.stat(journal) !== undefined) {
    for (const { name } of files.list(journal)) files.unlink(`${journal}/${name}`)
    files.removeDirectory(journal)
  }
  files.rename(half, journal)
  files.syncDirectory(journal.slice(0, journal.lastIndexOf('/')))
}
