/** `ottla cluster reassign`: plans for replicas, made, carried out, checked and called off. */
import type { Command } from 'commander'
import { describeCluster } from '../../client/admin/brokers.ts'
import {
  alterReassignments,
  describeReplicas,
  listReassignments,
} from '../../client/admin/replicas.ts'
import { brokerList, integer } from '../arguments.ts'
import { type Consent, confirm } from '../confirm.ts'
import { Failure, usageFailure } from '../failure.ts'
import { isChange, type Move, spread } from '../replicas/plan.ts'
import { type PlannedReplicas, planText, readPlan } from '../replicas/plan-file.ts'
import { awaitMoves, isSame, startMoves, statusOf } from '../replicas/run-moves.ts'
import { clearThrottle, setThrottle } from '../replicas/throttle.ts'
import { type Session, withSession } from '../session.ts'

export function registerReassign(cluster: Command): void {
  const reassign = cluster
    .command('reassign')
    .description('Move replicas between brokers')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla cluster reassign generate orders > plan.json\n  ottla cluster reassign execute plan.json --yes\n  ottla cluster reassign verify plan.json',
    )
  reassign
    .command('generate')
    .description('Print a plan that spreads replicas evenly and moves little')
    .argument('[topic...]', 'of these topics (default: all)')
    .option('--brokers <list>', 'onto these: 1,2,3 (default: all that are active)', brokerList)
    .option('-r, --replication-factor <n>', 'with so many replicas', integer(1))
    .action(withSession(generate))
    .addHelpText(
      'after',
      "\nPlans are those of Kafka's reassign-partitions.\n\nExamples:\n  ottla cluster reassign generate orders --brokers 1,2,4 > plan.json\n  ottla cluster reassign generate orders --replication-factor 3 > plan.json",
    )
  reassign
    .command('execute')
    .description('Start what a plan says')
    .argument('<plan.json>', '- is standard input')
    .option(
      '--throttle <bytes>',
      'copy at most so many bytes a second and broker',
      integer(1, 2 ** 53),
    )
    .option('--no-wait', 'do not wait until it is done')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be moved')
    .action(withSession(execute))
    .addHelpText(
      'after',
      '\nA throttle is removed when all has been moved, or by verify.\n\nExamples:\n  ottla cluster reassign execute plan.json --dry-run\n  ottla cluster reassign execute plan.json --throttle 10000000 --yes',
    )
  reassign
    .command('verify')
    .description(
      'Show what of a plan is done, and remove its throttle when all is; exit code 1 when not',
    )
    .argument('<plan.json>', '- is standard input')
    .option('--preserve-throttles', 'leave the throttle as it is')
    .action(withSession(verify))
    .addHelpText('after', '\nExample:\n  ottla cluster reassign verify plan.json')
  reassign
    .command('cancel')
    .description('Call moves off: partitions go back to the replicas they had')
    .argument('[plan.json]', '- is standard input')
    .option('--all', 'everything that moves now')
    .option('-y, --yes', 'do it without a question')
    .option('--dry-run', 'only say what would be called off')
    .action(withSession(cancel))
    .addHelpText('after', '\nExample:\n  ottla cluster reassign cancel plan.json --yes')
  reassign
    .command('list')
    .description('Show what moves now')
    .action(withSession(list))
    .addHelpText('after', '\nExample:\n  ottla cluster reassign list')
}

async function generate(
  session: Session,
  topics: string[],
  options: { brokers?: number[]; replicationFactor?: number },
): Promise<void> {
  const { brokers } = await describeCluster(session.cluster)
  const active = brokers.filter(({ fenced }) => !fenced)
  const chosen = options.brokers ?? active.map(({ id }) => id)
  const unknown = chosen.find((id) => !active.some((broker) => broker.id === id))
  if (unknown !== undefined) throw new Failure(`Broker ${unknown} is not there`)
  const all = await describeReplicas(session.cluster, topics.length > 0 ? topics : 'all')
  const onto = active.filter(({ id }) => chosen.includes(id))
  const moves = spread(all, onto, options.replicationFactor)
  const changes = moves.filter(isChange)
  session.say(`${changes.length} of ${moves.length} partitions would change`)
  session.out.line(planText(changes))
}

async function movesOf(session: Session, plan: readonly PlannedReplicas[]): Promise<Move[]> {
  const states = await describeReplicas(session.cluster, [...new Set(plan.map((p) => p.topic))])
  return plan.map(({ topic, partition, replicas }) => {
    const state = states.find((one) => isSame(one, { topic, partition }))
    if (state === undefined) throw new Failure(`There is no partition ${topic}-${partition}`)
    return { topic, partition, replicas, before: state.replicas }
  })
}

async function execute(
  session: Session,
  path: string,
  options: Consent & { throttle?: number; wait: boolean },
): Promise<void> {
  const moves = (await movesOf(session, readPlan(path))).filter(isChange)
  if (moves.length === 0) {
    if (session.format === 'json') session.json({ moves: [] })
    else session.say('Every partition is where the plan wants it')
    return
  }
  const what = moves.map(
    ({ topic, partition, before, replicas }) =>
      `move ${topic}-${partition} from ${before.join(',')} to ${replicas.join(',')}`,
  )
  if (!(await confirm(what, options))) return
  if (options.throttle !== undefined) await setThrottle(session.cluster, moves, options.throttle)
  const started = await startMoves(session, moves)
  if (options.wait) {
    await awaitMoves(session, started)
    if (options.throttle !== undefined) await removeThrottle(session, moves)
  }
  const done = options.wait ? 'Moved' : 'Started to move'
  if (session.format === 'json')
    session.json({ moves: started.map((move) => ({ ...move, complete: options.wait })) })
  else session.say(`${done} ${started.length} of ${moves.length} partitions`)
}

async function verify(
  session: Session,
  path: string,
  options: { preserveThrottles?: boolean },
): Promise<void> {
  const plan = readPlan(path)
  const found = await statusOf(session, plan)
  const complete = found.every(({ status }) => status === 'complete')
  const moving = found.some(({ status }) => status === 'moving')
  if (!moving && !options.preserveThrottles) await removeThrottle(session, plan)
  if (session.format === 'json') session.json({ complete, partitions: found })
  else if (session.format === 'kafka') {
    session.out.line('Status of partition reassignment:')
    for (const one of found) session.out.line(kafkaStatus(one))
  } else
    session.table(
      ['TOPIC', 'PARTITION', 'PLAN', 'NOW', 'STATUS'],
      found.map((one) => [
        one.topic,
        one.partition,
        one.replicas.join(','),
        one.now.join(','),
        one.status,
      ]),
    )
  if (!complete) process.exitCode = 1
}

function kafkaStatus({
  topic,
  partition,
  replicas,
  now,
  status,
}: Awaited<ReturnType<typeof statusOf>>[number]): string {
  const name = `${topic}-${partition}`
  if (status === 'complete') return `Reassignment of partition ${name} is completed.`
  if (status === 'moving') return `Reassignment of partition ${name} is still in progress.`
  return `There is no active reassignment of partition ${name}, but replica set is ${now.join(',')} rather than ${replicas.join(',')}.`
}

/** From all brokers: some of those concerned may not be in the plan any more. */
async function removeThrottle(session: Session, plan: readonly PlannedReplicas[]): Promise<void> {
  await session.cluster.refresh([])
  const known = await session.cluster.refresh([...new Set(plan.map(({ topic }) => topic))])
  const topics = known.filter(({ errorCode }) => errorCode === 0).map(({ name }) => name)
  await clearThrottle(session.cluster, topics, session.cluster.metadata.brokers.keys())
}

async function cancel(
  session: Session,
  path: string | undefined,
  options: Consent & { all?: boolean },
): Promise<void> {
  if ((path === undefined) !== (options.all === true)) throw usageFailure('Give a plan, or --all')
  const ongoing = await listReassignments(session.cluster)
  const plan = path === undefined ? ongoing : readPlan(path)
  const due = ongoing.filter((one) => plan.some((planned) => isSame(planned, one)))
  if (due.length === 0) {
    session.say('Nothing of it moves now')
    if (session.format === 'json') session.json({ cancelled: [] })
    return
  }
  const what = due.map(
    ({ topic, partition, adding }) =>
      `stop moving ${topic}-${partition}${adding.length > 0 ? `, and drop its copies on ${adding.join(', ')}` : ''}`,
  )
  if (!(await confirm(what, options))) return
  const results = await alterReassignments(
    session.cluster,
    due.map(({ topic, partition }) => ({ topic, partition, replicas: null })),
  )
  for (const { error } of results) if (error) session.itemFailed(error)
  await removeThrottle(session, due)
  const good = results.filter(({ error }) => error === undefined)
  if (session.format === 'json')
    session.json({ cancelled: good.map(({ topic, partition }) => ({ topic, partition })) })
  else session.say(`Called off ${good.length} of ${due.length} moves`)
}

async function list(session: Session): Promise<void> {
  const ongoing = await listReassignments(session.cluster)
  if (session.format === 'json') session.json({ reassignments: ongoing })
  else if (session.format === 'kafka') {
    if (ongoing.length === 0) session.out.line('No partition reassignments found.')
    else session.out.line('Current partition reassignments:')
    for (const { topic, partition, replicas, adding, removing } of ongoing)
      session.out.line(
        `${topic}-${partition}: replicas: ${replicas.join(',')}.${adding.length ? ` adding: ${adding.join(',')}.` : ''}${removing.length ? ` removing: ${removing.join(',')}.` : ''}`,
      )
  } else
    session.table(
      ['TOPIC', 'PARTITION', 'REPLICAS', 'ADDING', 'REMOVING'],
      ongoing.map((one) => [
        one.topic,
        one.partition,
        one.replicas.join(','),
        one.adding.join(',') || null,
        one.removing.join(',') || null,
      ]),
    )
}
