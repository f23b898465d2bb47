/** What can be asked of the groups of one partition of `__consumer_offsets`, and what comes back. */
import type { ConsumerGroupDescribe } from '../../../protocol/messages/consumer-group-describe.ts'
import type { ConsumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import type { DeleteGroups } from '../../../protocol/messages/delete-groups.ts'
import type { DescribeGroups } from '../../../protocol/messages/describe-groups.ts'
import type { Heartbeat } from '../../../protocol/messages/heartbeat.ts'
import type { JoinGroup } from '../../../protocol/messages/join-group.ts'
import type { LeaveGroup } from '../../../protocol/messages/leave-group.ts'
import type { ListGroups } from '../../../protocol/messages/list-groups.ts'
import type { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import type { OffsetDelete } from '../../../protocol/messages/offset-delete.ts'
import type { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import type { SyncGroup } from '../../../protocol/messages/sync-group.ts'
import type { TxnOffsetCommit } from '../../../protocol/messages/txn-offset-commit.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { GroupRecord, StoredRecord } from './record.ts'
import type { Refusal } from './refusal.ts'

/** Who asks, and the chance that a decision may need. */
export interface Caller {
  readonly requestId: number
  readonly apiVersion: number
  readonly clientId: string
  /** As groups show it: '/127.0.0.1'. */
  readonly clientHost: string
  /** 16 random bytes: the id of a member that comes without one. Empty with other requests. */
  readonly entropy: Buffer
}

export type FetchedGroup = RequestOf<typeof OffsetFetch>['groups'][number]
export type FetchedOffsets = NonNullable<ResponseOf<typeof OffsetFetch>['groups']>[number]
export type DescribedClassic = ResponseOf<typeof DescribeGroups>['groups'][number]
export type DescribedConsumer = ResponseOf<typeof ConsumerGroupDescribe>['groups'][number]
export type ListedGroup = ResponseOf<typeof ListGroups>['groups'][number]
export type DeletedGroup = ResponseOf<typeof DeleteGroups>['results'][number]

/** The request of each kind, and the response to it. */
export interface Conversations {
  join: { request: RequestOf<typeof JoinGroup>; response: ResponseOf<typeof JoinGroup> }
  sync: { request: RequestOf<typeof SyncGroup>; response: ResponseOf<typeof SyncGroup> }
  heartbeat: { request: RequestOf<typeof Heartbeat>; response: ResponseOf<typeof Heartbeat> }
  /** `members` also for the versions that name one member only. */
  leave: { request: RequestOf<typeof LeaveGroup>; response: ResponseOf<typeof LeaveGroup> }
  consumerHeartbeat: {
    request: RequestOf<typeof ConsumerGroupHeartbeat>
    response: ResponseOf<typeof ConsumerGroupHeartbeat>
  }
  /** Topics that have no id in the request have been given both name and id. */
  commit: { request: RequestOf<typeof OffsetCommit>; response: ResponseOf<typeof OffsetCommit> }
  txnCommit: {
    request: RequestOf<typeof TxnOffsetCommit>
    response: ResponseOf<typeof TxnOffsetCommit>
  }
  fetch: { request: FetchedGroup & { requireStable: boolean }; response: FetchedOffsets }
  deleteOffsets: {
    request: RequestOf<typeof OffsetDelete>
    response: ResponseOf<typeof OffsetDelete>
  }
  describeClassic: { request: { groupId: string }; response: DescribedClassic }
  describeConsumer: { request: { groupId: string }; response: DescribedConsumer }
  list: {
    request: { statesFilter: readonly string[]; typesFilter: readonly string[] }
    response: readonly ListedGroup[]
  }
  delete: { request: { groupId: string }; response: DeletedGroup }
}

export type ConversationKind = keyof Conversations
export type RequestCommand = {
  [K in ConversationKind]: {
    readonly kind: K
    readonly caller: Caller
    readonly request: Conversations[K]['request']
  }
}[ConversationKind]

/** What happens without anybody asking. */
export type Occurrence =
  /** Handles one deadline that has passed. */
  | { readonly kind: 'tick' }
  /** Offsets of this group that nobody needs any more, and the group itself. */
  | { readonly kind: 'expire'; readonly groupId: string }
  | {
      readonly kind: 'topicsDeleted'
      readonly topics: readonly { readonly name: string; readonly topicId: string }[]
    }

export type GroupCommand = RequestCommand | Occurrence

/** One answer; a decision may also answer requests that waited since earlier ones. */
export type GroupReply =
  | { readonly requestId: number; readonly response: Conversations[ConversationKind]['response'] }
  | { readonly requestId: number; readonly refusal: Refusal }

export interface GroupDecision {
  readonly records: readonly GroupRecord[]
  /** Of these records, those that were encoded beforehand. */
  readonly encoded: ReadonlyMap<GroupRecord, StoredRecord>
  readonly replies: readonly GroupReply[]
  /** Nothing is done but what the records say: when they cannot be written it was never made. */
  readonly isWhole: boolean
  /** Run once the records are applied; they may add replies. */
  readonly after: readonly (() => void)[]
}
