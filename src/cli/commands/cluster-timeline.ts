/** `ottla cluster timeline`: leases, elections, in-sync replicas, with cause and duration. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { describeTimeline, type TimelineEvent } from '../../client/admin/timeline.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { integer } from '../arguments.ts'
import { type Session, withSession } from '../session.ts'
import { tableLines } from '../table.ts'

const kinds = ['lease', 'election', 'isr', 'reassignment']
const pollMs = 300
const eventsMax = 1000

interface Options {
  readonly follow?: boolean
  readonly limit: number
  readonly topic?: readonly string[]
  readonly kind?: readonly string[]
}

export function registerTimeline(cluster: Command): void {
  cluster
    .command('timeline')
    .description('Show leases, elections and changes of in-sync replicas, with cause and duration')
    .option('-f, --follow', 'go on, until Ctrl-C')
    .option('-n, --limit <n>', 'how many of the last', integer(1, eventsMax), 50)
    .option('--topic <topic...>', 'only of these topics')
    .addOption(new Option('--kind <kind...>', 'only these kinds').choices(kinds))
    .action(withSession(timeline))
    .addHelpText(
      'after',
      '\nThe coordinator remembers 10,000 events, and begins anew when it starts. Clusters of Ottla only.\nDURATION: how long a lease was held, nobody led, a replica was out of sync.\n\nExamples:\n  ottla cluster timeline --kind election\n  ottla cluster timeline --follow --format json',
    )
}

async function timeline(session: Session, options: Options): Promise<void> {
  const wanted = ({ kind, topic }: TimelineEvent) =>
    (options.kind === undefined || options.kind.includes(kind)) &&
    (options.topic === undefined || options.topic.includes(topic))
  let answer = await describeTimeline(session.cluster, 0, eventsMax)
  const first = answer.events.filter(wanted).slice(-options.limit)
  if (session.format !== 'json')
    session.say(`The coordinator started at ${new Date(answer.startedMs).toISOString()}`)
  if (!options.follow && session.format === 'json') {
    const { coordinator, startedMs } = answer
    session.json({ coordinator, startedMs, events: first })
    return
  }
  print(session, first, session.options.headers !== false)
  if (!options.follow) return
  let stopped = false
  process.once('SIGINT', () => {
    stopped = true
  })
  let { coordinator } = answer
  let last = answer.events.at(-1)?.sequence ?? 0
  while (!stopped) {
    session.out.flush()
    await new Promise((resolve) => setTimeout(resolve, pollMs))
    try {
      answer = await describeTimeline(session.cluster, Math.max(1, last), eventsMax)
    } catch (error) {
      // The coordinator or a broker is away: that is what one follows it for.
      if (!(error instanceof KafkaError) || !error.retriable) throw error
      continue
    }
    if (answer.coordinator !== coordinator) {
      coordinator = answer.coordinator
      answer = await describeTimeline(session.cluster, 0, eventsMax)
      session.say(`The coordinator started at ${new Date(answer.startedMs).toISOString()}`)
    }
    last = answer.events.at(-1)?.sequence ?? last
    print(session, answer.events.filter(wanted), false)
  }
}

function print(session: Session, events: readonly TimelineEvent[], withHeader: boolean): void {
  if (session.format === 'json') {
    for (const event of events) session.out.line(JSON.stringify(event))
    return
  }
  const lines = tableLines(
    ['TIME                    ', 'KIND        ', 'OF', 'WHAT', 'DURATION', 'CAUSE'],
    events.map((event) => [
      new Date(event.timestampMs).toISOString(),
      event.kind,
      event.kind === 'lease' ? `broker ${event.brokerId}` : `${event.topic}-${event.partition}`,
      what(event),
      event.durationMs < 0 ? null : `${event.durationMs} ms`,
      event.cause,
    ]),
    session.color,
  )
  for (const line of withHeader ? lines : lines.slice(1)) session.out.line(line)
}

function what({ kind, before, after, leaderEpoch, unclean }: TimelineEvent): string {
  const change = `${before || 'none'} -> ${after || 'none'}`
  if (kind !== 'election') return change
  return `${change} in epoch ${leaderEpoch}${unclean ? ', UNCLEAN' : ''}`
}
