/** `ottla cluster brokers` and `ottla cluster health`. */
import type { Command } from 'commander'
import { describeCluster } from '../../client/admin/brokers.ts'
import { describeReplicas, type ReplicaState } from '../../client/admin/replicas.ts'
import { seconds } from '../arguments.ts'
import { type Health, healthOf } from '../replicas/health.ts'
import { type Session, withSession } from '../session.ts'

export function registerClusterHealth(cluster: Command): void {
  cluster
    .command('brokers')
    .description('Show brokers, what they lead and hold, and who of them is missing')
    .action(withSession(brokers))
    .addHelpText(
      'after',
      '\nExamples:\n  ottla cluster brokers\n  ottla cluster brokers --format json',
    )
  cluster
    .command('health')
    .description('Show what is wrong with brokers and partitions; exit code 1 when anything is')
    .option('-w, --watch', 'look again and again, until Ctrl-C')
    .option('--every <seconds>', 'how often with --watch', seconds, 1)
    .action(withSession(health))
    .addHelpText(
      'after',
      '\nHealthy: every broker is there, every partition has a leader and all replicas in sync.\n\nExamples:\n  ottla cluster health && echo fine\n  ottla cluster health --watch',
    )
}

async function brokers(session: Session): Promise<void> {
  const found = await describeCluster(session.cluster)
  const states = await describeReplicas(session.cluster, 'all')
  const rows = found.brokers.map((broker) => {
    const { id } = broker
    const replicas = states.filter((state) => state.replicas.includes(id))
    return {
      ...broker,
      controller: id === found.controllerId,
      leads: states.filter(({ leader }) => leader === id).length,
      preferred: states.filter((state) => state.replicas[0] === id).length,
      replicas: replicas.length,
      outOfSync: replicas.filter(({ isr }) => !isr.includes(id)).length,
    }
  })
  if (session.format === 'json') session.json({ brokers: rows })
  else
    session.table(
      ['BROKER', 'ADDRESS', 'RACK', 'LEADS', 'PREFERRED', 'REPLICAS', 'OUT OF SYNC', 'STATE'],
      rows.map((row) => [
        row.id,
        `${row.host}:${row.port}`,
        row.rack,
        row.leads,
        row.preferred,
        row.replicas,
        row.outOfSync,
        row.fenced ? 'fenced' : 'active',
      ]),
    )
}

async function health(
  session: Session,
  options: { watch?: boolean; every: number },
): Promise<void> {
  let stopped = false
  let wake = () => {}
  if (options.watch)
    process.once('SIGINT', () => {
      stopped = true
      wake()
    })
  for (;;) {
    const found = await healthOf(session.cluster)
    // A screen of its own each time on a terminal; one after the other in a pipe.
    if (options.watch && process.stdout.isTTY) session.out.text('\x1b[H\x1b[2J')
    print(session, found)
    session.out.flush()
    process.exitCode = found.healthy ? 0 : 1
    if (!options.watch || stopped) return
    await new Promise<void>((resolve) => {
      wake = resolve
      setTimeout(resolve, options.every * 1000)
    })
    if (stopped) return
  }
}

const kinds = [
  ['offline', 'without a leader'],
  ['unclean', 'without anybody in sync'],
  ['underMinIsr', 'below min.insync.replicas'],
  ['atMinIsr', 'at min.insync.replicas'],
  ['underReplicated', 'under-replicated'],
] as const

function print(session: Session, found: Health): void {
  if (session.format === 'json') {
    const { healthy, brokers, missingBrokers, partitions } = found
    const lists = Object.fromEntries(
      kinds.map(([kind]) => [
        kind,
        found[kind].map(({ topic, partition, leader, replicas, isr, elr }) => {
          return { topic, partition, leader, replicas, isr, elr }
        }),
      ]),
    )
    session.out.line(
      JSON.stringify({ healthy, brokers, missingBrokers, partitions, ...lists }, null, 0),
    )
    return
  }
  const [good, bad, end] = session.color ? ['\x1b[32m', '\x1b[31m', '\x1b[39m'] : ['', '', '']
  const missing =
    found.missingBrokers.length > 0
      ? `, ${bad}missing: ${found.missingBrokers.join(', ')}${end}`
      : ''
  session.out.line(`brokers     ${found.brokers}${missing}`)
  const counts = kinds
    .filter(([kind]) => found[kind].length > 0)
    .map(([kind, text]) => `${found[kind].length} ${text}`)
  session.out.line(`partitions  ${[found.partitions, ...counts].join(', ')}`)
  session.out.line(found.healthy ? `${good}healthy${end}` : `${bad}not healthy${end}`)
  const wrong = new Set<ReplicaState>(kinds.flatMap(([kind]) => [...found[kind]]))
  if (wrong.size === 0) return
  session.table(
    ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'IN SYNC', 'ELIGIBLE', 'STATE'],
    [...wrong].map((state) => [
      state.topic,
      state.partition,
      state.leader < 0 ? null : state.leader,
      state.replicas.join(','),
      state.isr.join(','),
      state.elr?.join(',') || null,
      kinds.find(([kind]) => found[kind].includes(state))?.[1],
    ]),
  )
}
