/** What may be due in a group, and the keys of the deadlines. */
import type { Answers } from './classic-waiting.ts'
import type { Deadlines } from './deadlines.ts'
import type { RegexWork } from './regex-resolution.ts'
import type { TargetWork } from './target.ts'

export type Due =
  | { readonly kind: 'classicSession'; readonly groupId: string; readonly memberId: string }
  /** The join phase ends, or its first delay is over: then the delay and the time left are given. */
  | {
      readonly kind: 'classicJoin'
      readonly groupId: string
      readonly initial?: { readonly delayMs: number; readonly remainingMs: number }
    }
  | { readonly kind: 'classicSync'; readonly groupId: string; readonly generationId: number }
  /** The next members of a large group that wait for the answer to their join, or to their sync. */
  | {
      readonly kind: 'joinAnswers' | 'syncAnswers'
      readonly groupId: string
      readonly answers: Answers
    }
  | { readonly kind: 'consumerSession'; readonly groupId: string; readonly memberId: string }
  | {
      readonly kind: 'consumerRebalance'
      readonly groupId: string
      readonly memberId: string
      readonly memberEpoch: number
    }
  /** A member with the classic protocol has to join, or to sync. */
  | { readonly kind: 'consumerJoin'; readonly groupId: string; readonly memberId: string }
  | { readonly kind: 'consumerSync'; readonly groupId: string; readonly memberId: string }
  | { readonly kind: 'regex'; readonly groupId: string; readonly work?: RegexWork }
  /** The next piece of a computation. */
  | { readonly kind: 'target'; readonly groupId: string; readonly work: TargetWork }

export type GroupDeadlines = Deadlines<Due>

const key = (due: Due) => `${due.kind}\0${due.groupId}\0${'memberId' in due ? due.memberId : ''}`

export const setDue = (deadlines: GroupDeadlines, atMs: number, due: Due) =>
  deadlines.set(key(due), atMs, due)
export const isSet = (deadlines: GroupDeadlines, due: Due) => deadlines.has(key(due))

export function targetWorkOf(deadlines: GroupDeadlines, groupId: string): TargetWork | undefined {
  const due = deadlines.get(`target\0${groupId}\0`)
  return due?.kind === 'target' ? due.work : undefined
}

export function cancelMember(
  deadlines: GroupDeadlines,
  kinds: readonly Extract<Due, { memberId: string }>['kind'][],
  groupId: string,
  memberId: string,
): void {
  for (const kind of kinds) deadlines.cancel(`${kind}\0${groupId}\0${memberId}`)
}

export const cancelGroup = (
  deadlines: GroupDeadlines,
  kind: 'classicJoin' | 'classicSync' | 'regex',
  groupId: string,
) => deadlines.cancel(`${kind}\0${groupId}\0`)

export function cancelConsumer(deadlines: GroupDeadlines, groupId: string, memberId: string): void {
  const kinds = ['consumerSession', 'consumerRebalance', 'consumerJoin', 'consumerSync'] as const
  cancelMember(deadlines, kinds, groupId, memberId)
}
