import type { Caller, Conversations } from './command.ts'
import type { Draft } from './draft.ts'
import type { GroupState } from './state.ts'

export type Join = Conversations['join']['request']

/** One JoinGroup while it is decided. */
export interface Joining {
  readonly state: GroupState
  readonly caller: Caller
  readonly request: Join
  readonly draft: Draft
}

/** From here on a dynamic member without an id is given one first (KIP-394). */
const memberIdRequiredSince = 4

export const requiresMemberId = ({ caller, request }: Joining) =>
  request.memberId === '' &&
  request.groupInstanceId === null &&
  caller.apiVersion >= memberIdRequiredSince
