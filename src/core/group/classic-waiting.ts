/**
 * Members of a classic group that wait for an answer: to their join until the generation begins, to
 * their sync until the leader's assignment is written. A large group is told in pieces, so that others
 * have their turn. Who has not been told of a generation when the next rebalance begins has joined that one.
 */
import { joined, synced } from './classic-answers.ts'
import type { ClassicGroup, ClassicMember } from './classic-group.ts'
import { restartSession } from './classic-session.ts'
import type { Draft } from './draft.ts'
import { type Due, setDue } from './due.ts'
import type { GroupState } from './state.ts'

/** The rest of the members that are told of a generation. */
export interface Answers {
  readonly group: ClassicGroup
  readonly generationId: number
  readonly members: Iterator<ClassicMember>
}

type AnswersDue = Extract<Due, { answers: Answers }>

export function answerWaiting(
  state: GroupState,
  kind: AnswersDue['kind'],
  group: ClassicGroup,
  draft: Draft,
): void {
  const { groupId, generationId } = group
  const answers = { group, generationId, members: leaderFirst(group) }
  const due = { kind, groupId, answers }
  if (group.members.size <= state.settings.answersPerPiece) answerMore(state, due, draft)
  // What was done until here is a piece of its own.
  else setDue(state.deadlines, draft.nowMs, due)
}

/** The others wait for what the leader assigns. */
function* leaderFirst({ members, leaderId }: ClassicGroup): Generator<ClassicMember> {
  const leader = members.get(leaderId ?? '')
  if (leader) yield leader
  for (const member of members.values()) if (member !== leader) yield member
}

export function answerMore(state: GroupState, due: AnswersDue, draft: Draft): void {
  const { group, generationId, members } = due.answers
  const isCurrent = state.groups.get(due.groupId) === group && group.generationId === generationId
  if (!isCurrent) return
  // An assignment stands until the next generation, a join counts for that one.
  if (due.kind === 'joinAnswers' && group.state === 'PreparingRebalance') return
  for (let told = 0; told < state.settings.answersPerPiece; told++) {
    const next = members.next()
    if (next.done) return
    answer(state, due.kind, group, next.value, draft)
  }
  setDue(state.deadlines, draft.nowMs, due)
}

function answer(
  state: GroupState,
  kind: AnswersDue['kind'],
  group: ClassicGroup,
  member: ClassicMember,
  draft: Draft,
): void {
  if (kind === 'syncAnswers') {
    if (member.waitingSync === undefined) return
    draft.answer(member.waitingSync, 'sync', synced(group, member.assignment))
    member.waitingSync = undefined
  } else {
    const requestId = group.takeJoin(member)
    if (requestId !== undefined) draft.answer(requestId, 'join', joined(group, member.memberId))
    member.isNew = false
  }
  restartSession(state, group, member, draft.nowMs)
}
