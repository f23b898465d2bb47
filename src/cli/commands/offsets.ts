import type { Command } from 'commander'
import { listOffsets } from '../../client/list-offsets.ts'
import { type Session, withSession } from '../session.ts'
import { parseTime } from '../time.ts'
import { topicPartitions } from './group-seek.ts'

export function registerOffsets(program: Command): void {
  program
    .command('offsets')
    .description('Show first and last offsets of topics, or those at a time')
    .argument('[topic[:partitions]...]', 'orders, orders:0,2-5 (default: all)')
    .option('--at <time>', 'the first record at or after this time: 2026-11-22T10:00, -1h')
    .option('--max-timestamp', 'the record with the largest timestamp')
    .action(withSession(offsets))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla offsets orders\n  ottla offsets orders --at -1h\n  ottla offsets orders --format kafka',
    )
}

async function offsets(
  session: Session,
  specs: string[],
  options: { at?: string; maxTimestamp?: boolean },
): Promise<void> {
  const all =
    specs.length > 0
      ? specs
      : (await session.cluster.refresh('all'))
          .filter(({ isInternal }) => !isInternal)
          .map(({ name }) => name)
          .sort()
  const partitions = await topicPartitions(session, all)
  const ask = (timestampMs: number) =>
    listOffsets(
      session.cluster,
      partitions.map((item) => ({ ...item, timestampMs })),
    )
  const special = options.maxTimestamp
    ? -3
    : options.at === undefined
      ? undefined
      : parseTime(options.at)
  if (special !== undefined || session.format === 'kafka') {
    const found = await ask(special ?? -1)
    // Kafka's tool writes nothing where there is no record at the time.
    if (session.format === 'kafka')
      for (const { topic, partition, offset } of found)
        session.out.line(`${topic}:${partition}:${offset < 0 ? '' : offset}`)
    else if (session.format === 'json')
      session.json({
        offsets: found.map(({ topic, partition, offset, foundTimestampMs }) => ({
          topic,
          partition,
          offset: offset < 0 ? null : offset,
          timestamp: foundTimestampMs < 0 ? null : foundTimestampMs,
        })),
      })
    else
      session.table(
        ['TOPIC', 'PARTITION', 'OFFSET', 'TIME'],
        found.map(({ topic, partition, offset, foundTimestampMs }) => [
          topic,
          partition,
          offset < 0 ? null : offset,
          foundTimestampMs < 0 ? null : new Date(foundTimestampMs).toISOString(),
        ]),
      )
    return
  }
  const [starts, ends] = await Promise.all([ask(-2), ask(-1)])
  const rows = partitions.map((item, i) => ({
    ...item,
    start: starts[i]!.offset,
    end: ends[i]!.offset,
    records: ends[i]!.offset - starts[i]!.offset,
  }))
  if (session.format === 'json') session.json({ offsets: rows })
  else
    session.table(
      ['TOPIC', 'PARTITION', 'START', 'END', 'OFFSETS'],
      rows.map((row) => [row.topic, row.partition, row.start, row.end, row.records]),
    )
}
