import type { Command } from 'commander'
import {
  describeProducers,
  describeTransaction,
  listTransactions,
} from '../../client/admin/transactions.ts'
import { collect } from '../arguments.ts'
import { usageFailure } from '../failure.ts'
import { type Session, withSession } from '../session.ts'

export function registerTransactions(program: Command): void {
  const txn = program
    .command('txn')
    .description('Show the producers that partitions remember')
    .addHelpText('after', '\nExample:\n  ottla txn producers orders:0')
  // For other Kafkas: what our broker has not is not shown.
  txn
    .command('list', { hidden: true })
    .alias('ls')
    .description('List transactional ids')
    .option('--state <name>', 'only in this state: Ongoing, CompleteCommit, …, repeatable', collect)
    .action(withSession(list))
    .addHelpText('after', '\nExample:\n  ottla txn list --state Ongoing')
  txn
    .command('describe', { hidden: true })
    .alias('desc')
    .description('Show the state of transactional ids and the partitions of open transactions')
    .argument('<id...>', 'transactional ids')
    .action(withSession(describe))
    .addHelpText('after', '\nExample:\n  ottla txn describe billing-1')
  txn
    .command('producers')
    .description('Show the producers that a partition remembers')
    .argument('<topic:partition>', 'orders:0')
    .action(withSession(producers))
    .addHelpText('after', '\nExample:\n  ottla txn producers orders:0')
}

async function list(session: Session, options: { state?: string[] }): Promise<void> {
  const found = await listTransactions(session.cluster, options.state)
  if (session.format === 'json') session.json({ transactions: found })
  else
    session.table(
      ['TRANSACTIONAL ID', 'COORDINATOR', 'PRODUCER ID', 'STATE'],
      found.map((item) => [item.transactionalId, item.coordinator, item.producerId, item.state]),
    )
}

const time = (ms: number) => (ms < 0 ? null : new Date(ms).toISOString())

async function describe(session: Session, ids: string[]): Promise<void> {
  const found = []
  for (const id of ids) found.push(await describeTransaction(session.cluster, id))
  if (session.format === 'json') session.json({ transactions: found })
  else
    session.table(
      [
        'TRANSACTIONAL ID',
        'COORDINATOR',
        'PRODUCER ID',
        'EPOCH',
        'STATE',
        'TIMEOUT MS',
        'SINCE',
        'PARTITIONS',
      ],
      found.map((item) => [
        item.transactionalId,
        item.coordinator,
        item.producerId,
        item.producerEpoch,
        item.state,
        item.timeoutMs,
        time(item.startMs),
        item.partitions.map(({ topic, partition }) => `${topic}:${partition}`).join(' ') || null,
      ]),
    )
}

async function producers(session: Session, spec: string): Promise<void> {
  const match = /^(.+):(\d+)$/.exec(spec)
  if (!match) throw usageFailure(`"${spec}" is not topic:partition`)
  const partition = { topic: match[1]!, partition: Number(match[2]) }
  const found = await describeProducers(session.cluster, partition)
  if (session.format === 'json') session.json({ ...partition, producers: found })
  else
    session.table(
      ['PRODUCER ID', 'EPOCH', 'LAST SEQUENCE', 'LAST TIME', 'OPEN SINCE OFFSET'],
      found.map((item) => [
        item.producerId,
        item.producerEpoch,
        item.lastSequence,
        time(item.lastTimestamp),
        item.currentTxnStartOffset < 0 ? null : item.currentTxnStartOffset,
      ]),
    )
}
