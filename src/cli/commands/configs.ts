import type { Command } from 'commander'
import { Option } from 'commander'
import {
  alterConfigs,
  type ConfigChange,
  type ConfigEntry,
  describeAllConfigs,
  listConfigResources,
  type Resource,
  type ResourceType,
  resourceTypes,
} from '../../client/admin/configs.ts'
import { listGroups } from '../../client/admin/groups.ts'
import { collect, pairs } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure, usageFailure } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { type Session, withSession } from '../session.ts'

export function registerConfigs(program: Command): void {
  const configs = program
    .command('configs')
    .alias('config')
    .description('Show and change configurations of topics, brokers and groups')
    .addHelpText(
      'after',
      "\nExamples:\n  ottla configs describe orders --all --docs\n  ottla configs set orders retention.ms=86400000\n  ottla configs set --type broker '' log.retention.ms=86400000",
    )
  const typeOption = () =>
    new Option('--type <type>', 'of what').choices(Object.keys(resourceTypes)).default('topic')
  const nameHelp =
    "name of the topic or group, id of the broker; '' with --type broker is all brokers"
  configs
    .command('describe')
    .description('Show configurations, those that were set and with --all the defaults too')
    .argument('[name]', `${nameHelp}; without one all of the type`)
    .addOption(typeOption())
    .option('--all', 'defaults too')
    .option('--docs', 'with what they mean')
    .option('--synonyms', 'with every place that could set them')
    .action(withSession(describe))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla configs describe orders --all\n  ottla configs describe 1 --type broker --docs\n  ottla configs describe --type client-metrics\n  ottla configs describe orders --format kafka',
    )
  configs
    .command('get')
    .description('Print one value')
    .argument('<name>', nameHelp)
    .argument('<key>', 'the configuration')
    .addOption(typeOption())
    .action(withSession(get))
    .addHelpText('after', '\nExample:\n  ottla configs get orders retention.ms')
  configs
    .command('set')
    .description('Set configurations')
    .argument('<name>', nameHelp)
    .argument('[key=value...]', 'what to set')
    .addOption(typeOption())
    .option('--append <key=value>', 'add to a list, repeatable', pairs)
    .option('--subtract <key=value>', 'take from a list, repeatable', pairs)
    .option('--dry-run', 'let the broker check it only')
    .action(withSession(set))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla configs set orders retention.ms=3600000 cleanup.policy=compact,delete\n  ottla configs set 1 --type broker log.cleaner.threads=2',
    )
  configs
    .command('unset')
    .description('Go back to the defaults')
    .argument('<name>', nameHelp)
    .argument('<key...>', 'what to unset')
    .addOption(typeOption())
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'let the broker check it only')
    .action(withSession(unset))
    .addHelpText('after', '\nExample:\n  ottla configs unset orders retention.ms --yes')
  configs.addOption(new Option('--key <key>').argParser(collect).hideHelp())
}

interface TypeOption {
  type: ResourceType
}

const resourceOf = (name: string, { type }: TypeOption): Resource => {
  if (type === 'broker' && name !== '' && !/^\d+$/.test(name))
    throw usageFailure(`"${name}" is not the id of a broker`)
  return { type, name }
}

interface DescribeOptions extends TypeOption {
  all?: boolean
  docs?: boolean
  synonyms?: boolean
}

interface Shown {
  readonly resource: Resource
  readonly entries: readonly ConfigEntry[]
}

async function describe(
  session: Session,
  name: string | undefined,
  options: DescribeOptions,
): Promise<void> {
  const names = name === undefined ? await namesOf(session, options.type) : [name]
  const resources = names.map((each) => resourceOf(each, options))
  const found = await known(session, resources, { documentation: options.docs ?? false })
  const shown: Shown[] = resources.map((resource, i) => ({
    resource,
    entries: chosen(session, resource, found[i]!, options),
  }))
  if (session.format === 'json') {
    const documents = shown.map(({ resource, entries }) => ({ ...resource, configs: entries }))
    session.json(name === undefined ? { resources: documents } : documents[0])
  } else if (session.format === 'kafka')
    for (const { resource, entries } of shown)
      printAsKafka(session, resource, entries, options.all ?? false)
  else if (options.docs)
    for (const { resource, entries } of shown) {
      if (name === undefined) session.out.line(`${resource.type} ${resource.name || '(all)'}`)
      for (const entry of entries) printDocumented(session, entry)
    }
  else printTable(session, shown, name === undefined, options.synonyms ?? false)
}

/** Every resource of a type, as Kafka's tool lists them: brokers, and behind them what is set for all. */
async function namesOf({ cluster }: Session, type: ResourceType): Promise<string[]> {
  if (type === 'topic') return (await cluster.refresh('all')).map(({ name }) => name).sort()
  if (type === 'broker' || type === 'broker-logger') {
    await cluster.refresh([])
    const ids = [...cluster.metadata.brokers.keys()].sort((a, b) => a - b).map(String)
    return type === 'broker' ? [...ids, ''] : ids
  }
  const configured = await listConfigResources(cluster, type)
  const groups = type === 'group' ? (await listGroups(cluster)).map(({ groupId }) => groupId) : []
  return [...new Set([...configured, ...groups])].sort()
}

/** Those that were set, or all of them. */
function chosen(
  session: Session,
  resource: Resource,
  found: readonly ConfigEntry[],
  options: DescribeOptions,
): ConfigEntry[] {
  // Kafka's tool shows what was set for this resource alone.
  const own = session.format === 'kafka' ? ownSource(resource) : undefined
  const isSet = ({ source }: ConfigEntry) =>
    own !== undefined
      ? source === own
      : source !== 'DEFAULT_CONFIG' &&
        (source !== 'STATIC_BROKER_CONFIG' || resource.type === 'broker')
  return found
    .filter((entry) => options.all || options.docs || isSet(entry))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function ownSource({ type, name }: Resource): string | undefined {
  if (type === 'topic') return 'DYNAMIC_TOPIC_CONFIG'
  if (type !== 'broker') return undefined
  return name === '' ? 'DYNAMIC_DEFAULT_BROKER_CONFIG' : 'DYNAMIC_BROKER_CONFIG'
}

function printTable(
  session: Session,
  shown: readonly Shown[],
  withName: boolean,
  withSynonyms: boolean,
): void {
  const places = ({ synonyms }: ConfigEntry) =>
    synonyms.map(({ source, name, value }) => `${source}:${name}=${value ?? ''}`).join(' ')
  session.table(
    [
      ...(withName ? [(shown[0]?.resource.type ?? 'name').toUpperCase()] : []),
      ...['NAME', 'VALUE', 'SOURCE'],
      ...(withSynonyms ? ['SYNONYMS'] : []),
    ],
    shown.flatMap(({ resource, entries }) =>
      entries.map((entry) => [
        ...(withName ? [resource.name] : []),
        ...[entry.name, shownValue(entry), entry.source],
        ...(withSynonyms ? [places(entry)] : []),
      ]),
    ),
  )
}

const shownValue = ({ value, sensitive }: ConfigEntry) => (sensitive ? '(hidden)' : value)

function printDocumented(session: Session, entry: ConfigEntry): void {
  const bold = session.color ? ['\x1b[1m', '\x1b[22m'] : ['', '']
  session.out.line(
    `${bold[0]}${entry.name}${bold[1]} = ${shownValue(entry) ?? ''}   (${entry.type.toLowerCase()}, ${entry.source}${entry.readOnly ? ', read-only' : ''})`,
  )
  const plain = (entry.documentation ?? '').replaceAll(/<[^>]+>/g, '').replaceAll(/\s+/g, ' ')
  for (const line of wrap(plain, 92)) session.out.line(`    ${line}`)
}

function wrap(text: string, width: number): string[] {
  return (
    text.match(new RegExp(`.{1,${width}}(?:\\s|$)|\\S+`, 'g'))?.map((line) => line.trim()) ?? []
  )
}

/** The lines of kafka-configs.sh --describe. */
function printAsKafka(
  session: Session,
  { type, name }: Resource,
  entries: readonly ConfigEntry[],
  all: boolean,
): void {
  const one = type === 'client-metrics' ? 'client-metric' : type
  const what =
    name === ''
      ? `Default configs for ${one}s in the cluster`
      : `${all ? 'All' : 'Dynamic'} configs for ${one} ${name}`
  session.out.line(`${what} are:`)
  for (const entry of entries) {
    if (!all && !entry.source.startsWith('DYNAMIC')) continue
    const synonyms = entry.synonyms.map(
      (synonym) => `${synonym.source}:${synonym.name}=${synonym.value ?? 'null'}`,
    )
    session.out.line(
      `  ${entry.name}=${entry.sensitive ? 'null' : entry.value} sensitive=${entry.sensitive} synonyms={${synonyms.join(', ')}}`,
    )
  }
}

/** A topic that does not exist is said with the name that was meant. */
async function known(
  session: Session,
  resources: readonly Resource[],
  options: { documentation?: boolean },
): Promise<ConfigEntry[][]> {
  try {
    return await describeAllConfigs(session.cluster, resources, options)
  } catch (error) {
    const [first, ...others] = resources
    if (first?.type === 'topic' && others.length === 0 && (error as { code?: number }).code === 3)
      throw await session.unknownTopic(first.name)
    throw error
  }
}

async function get(
  session: Session,
  name: string,
  key: string,
  options: TypeOption,
): Promise<void> {
  const resource = resourceOf(name, options)
  const [all = []] = await known(session, [resource], {})
  const found = all.find((entry) => entry.name === key)
  if (found === undefined) {
    const near = nearest(
      key,
      all.map((entry) => entry.name),
    )
    throw new Failure(
      `There is no configuration "${key}"${near ? `, did you mean "${near}"?` : ''}`,
    )
  }
  if (session.format === 'json') session.json(found)
  else session.out.line(found.value ?? '')
}

async function set(
  session: Session,
  name: string,
  words: string[],
  options: TypeOption & {
    append?: ReadonlyMap<string, string>
    subtract?: ReadonlyMap<string, string>
    dryRun?: boolean
  },
): Promise<void> {
  const list = (
    values: ReadonlyMap<string, string> | undefined,
    operation: ConfigChange['operation'],
  ) => [...(values ?? [])].map(([key, value]) => ({ name: key, operation, value }))
  const plain = words.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) throw usageFailure(`"${word}" is not key=value`)
    return { name: word.slice(0, at), operation: 'set' as const, value: word.slice(at + 1) }
  })
  const changes = [
    ...plain,
    ...list(options.append, 'append'),
    ...list(options.subtract, 'subtract'),
  ]
  if (changes.length === 0) throw usageFailure('Nothing to set: give key=value')
  await apply(session, resourceOf(name, options), changes, options.dryRun ?? false)
}

async function unset(
  session: Session,
  name: string,
  keys: string[],
  options: TypeOption & Consent,
): Promise<void> {
  const resource = resourceOf(name, options)
  const changes = keys.map((key) => ({ name: key, operation: 'delete' as const, value: null }))
  const what = keys.map((key) => `set ${key} of ${options.type} ${name} back to its default`)
  const agreed = await confirm(what, options)
  // A dry run goes on: the broker says whether it could be done.
  if (!agreed && !options.dryRun) return
  await apply(session, resource, changes, options.dryRun ?? false)
}

async function apply(
  session: Session,
  resource: Resource,
  changes: ConfigChange[],
  dryRun: boolean,
): Promise<void> {
  const { error } = await alterConfigs(session.cluster, resource, changes, dryRun)
  if (error?.code === 3 && resource.type === 'topic')
    throw await session.unknownTopic(resource.name)
  if (error) throw error
  const of = resource.name === '' ? `all ${resource.type}s` : `${resource.type} ${resource.name}`
  if (session.format === 'kafka') session.out.line(`Completed updating config for ${of}.`)
  else if (session.format === 'json') session.json({ ...resource, changed: !dryRun })
  else session.say(dryRun ? `${of} could be changed` : `Changed ${of}`)
}
