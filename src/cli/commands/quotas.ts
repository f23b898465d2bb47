import type { Command } from 'commander'
import {
  alterQuotas,
  describeQuotas,
  entityName,
  type QuotaEntity,
} from '../../client/admin/quotas.ts'
import { collect, pairs } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { usageFailure } from '../failure.ts'
import { type Session, withSession } from '../session.ts'

interface EntityOptions {
  user?: string
  clientId?: string
  ip?: string
}

export function registerQuotas(program: Command): void {
  const quotas = program
    .command('quotas')
    .description('Show and set client quotas')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla quotas describe\n  ottla quotas set --user ann producer_byte_rate=1048576',
    )
  quotas
    .command('describe')
    .alias('list')
    .description('Show all quotas')
    .action(withSession(describe))
    .addHelpText('after', '\nExample:\n  ottla quotas describe')
  entityOptions(quotas.command('set'))
    .description('Set or remove quotas of a user, a client id or an address')
    .argument(
      '[key=value...]',
      'producer_byte_rate, consumer_byte_rate, request_percentage, …',
      pairs,
    )
    .option('--delete <key>', 'remove one, repeatable', collect)
    .option('-y, --yes', 'remove without a question')
    .option('--dry-run', 'let the broker check it only')
    .action(withSession(set))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla quotas set --user alice producer_byte_rate=1048576\n  ottla quotas set --user default --delete producer_byte_rate --yes',
    )
}

function entityOptions(command: Command): Command {
  return command
    .option('--user <name>', 'the user; default is every other one')
    .option('--client-id <id>', 'the client id; default is every other one')
    .option('--ip <address>', 'the address; default is every other one')
}

function entityOf(options: EntityOptions): QuotaEntity {
  const named = { user: options.user, 'client-id': options.clientId, ip: options.ip }
  const entity = new Map(
    Object.entries(named)
      .filter(([, name]) => name !== undefined)
      .map(([type, name]) => [type, name === 'default' ? null : name!]),
  )
  if (entity.size === 0) throw usageFailure('For whom? Give --user, --client-id or --ip')
  return entity
}

async function describe(session: Session): Promise<void> {
  const found = await describeQuotas(session.cluster)
  if (session.format === 'json')
    session.json({
      quotas: found.map(({ entity, values }) => ({
        entity: Object.fromEntries(entity),
        values: Object.fromEntries(values),
      })),
    })
  else
    session.table(
      ['USER', 'CLIENT ID', 'IP', 'QUOTAS'],
      found.map(({ entity, values }) => [
        ...['user', 'client-id', 'ip'].map((type) =>
          entity.has(type) ? (entity.get(type) ?? '(default)') : null,
        ),
        [...values].map(([key, value]) => `${key}=${value}`).join(' '),
      ]),
    )
}

async function set(
  session: Session,
  values: ReadonlyMap<string, string> | string[],
  options: EntityOptions & Consent & { delete?: string[] },
): Promise<void> {
  const changes = new Map<string, number | null>((options.delete ?? []).map((key) => [key, null]))
  for (const [key, text] of values instanceof Map ? values : []) {
    if (!Number.isFinite(Number(text))) throw usageFailure(`${key}: "${text}" is not a number`)
    changes.set(key, Number(text))
  }
  if (changes.size === 0) throw usageFailure('Nothing to set: give key=value or --delete')
  const entity = entityOf(options)
  const lost = (options.delete ?? []).map((key) => `remove ${key} of ${entityName(entity)}`)
  const agreed = lost.length === 0 || (await confirm(lost, options))
  // A dry run goes on: the broker says whether it could be done.
  if (!agreed && !options.dryRun) return
  const { name, error } = await alterQuotas(session.cluster, entity, changes, options.dryRun)
  if (error) throw error
  if (session.format === 'json')
    session.json({ entity: Object.fromEntries(entity), values: Object.fromEntries(changes) })
  else
    session.say(options.dryRun ? `Quotas of ${name} could be changed` : `Changed quotas of ${name}`)
}
