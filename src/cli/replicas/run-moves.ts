/** Carries moves of replicas out, shows how far they are, and waits for them. */
import cliProgress from 'cli-progress'
import {
  alterReassignments,
  describeReplicas,
  electLeaders,
  listReassignments,
  type OngoingReassignment,
  type ReplicaState,
} from '../../client/admin/replicas.ts'
import type { TopicPartition } from '../../client/assignors.ts'
import type { Session } from '../session.ts'
import type { Move } from './plan.ts'
import type { PlannedReplicas } from './plan-file.ts'

const pollMs = 250

/** Each request stays small. */
const movesPerRequest = 1000

/** Starts them; those that were refused are said, and left out of the answer. */
export async function startMoves(session: Session, moves: readonly Move[]): Promise<Move[]> {
  const started: Move[] = []
  for (let at = 0; at < moves.length; at += movesPerRequest) {
    const some = moves.slice(at, at + movesPerRequest)
    const results = await alterReassignments(session.cluster, some)
    for (const result of results) {
      const move = some.find((one) => isSame(one, result))
      if (result.error) session.itemFailed(result.error)
      else if (move) started.push(move)
    }
  }
  return started
}

/** Until none of them moves any more; a bar on a terminal. */
export async function awaitMoves(session: Session, moves: readonly Move[]): Promise<void> {
  const bar = process.stderr.isTTY && !session.options.quiet ? makeBar() : undefined
  bar?.start(moves.length, 0)
  try {
    for (;;) {
      const ongoing = await listReassignments(session.cluster)
      const left = moves.filter((move) => ongoing.some((one) => isSame(one, move))).length
      bar?.update(moves.length - left)
      if (left === 0) return
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
  } finally {
    bar?.stop()
  }
}

/** The first of each one's replicas shall lead; what cannot be now is said. */
export async function preferFirst(session: Session, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return
  const results = await electLeaders(session.cluster, 'preferred', moves)
  for (const { error } of results) if (error) session.itemFailed(error)
}

export type MoveStatus = 'complete' | 'moving' | 'different' | 'no such partition'

/** What of a plan is done. */
export async function statusOf(
  session: Session,
  plan: readonly PlannedReplicas[],
): Promise<(PlannedReplicas & { status: MoveStatus; now: readonly number[] })[]> {
  const known = await session.cluster.refresh([...new Set(plan.map(({ topic }) => topic))])
  const topics = known.filter(({ errorCode }) => errorCode === 0).map(({ name }) => name)
  const states = topics.length > 0 ? await describeReplicas(session.cluster, topics) : []
  const ongoing = await listReassignments(session.cluster)
  return plan.map((planned) => {
    const state = states.find((one) => isSame(one, planned))
    const move = ongoing.find((one) => isSame(one, planned))
    const now = state?.replicas ?? []
    return { ...planned, status: judge(planned, state, move), now }
  })
}

function judge(
  { replicas }: PlannedReplicas,
  state: ReplicaState | undefined,
  move: OngoingReassignment | undefined,
): MoveStatus {
  if (state === undefined) return 'no such partition'
  if (move !== undefined) return 'moving'
  return state.replicas.join() === replicas.join() ? 'complete' : 'different'
}

export const isSame = (a: TopicPartition, b: TopicPartition): boolean =>
  a.topic === b.topic && a.partition === b.partition

function makeBar(): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    format: '{bar} {value}/{total} partitions moved  {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    noTTYOutput: false,
  })
}
