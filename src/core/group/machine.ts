/**
 * The groups of one partition of `__consumer_offsets`, as a machine: `decide` says what a command
 * comes to, `apply` changes what outlives a restart. Between the two lie the journal, and volatile
 * state that `decide` keeps: who waits for an answer, and what is due when. It is lost with the
 * process, as Kafka's is: members join again.
 *
 * Whoever runs it calls, in one turn of the event loop, `decide`, `apply` for each record and
 * `settle`, and sends the replies when the records are committed.
 */
import { applyRecord, type RecordPlace } from './apply.ts'
import { decideJoin } from './classic-join.ts'
import { decideLeave } from './classic-leave.ts'
import {
  completeJoin,
  endInitialDelay,
  expireSession,
  expireSyncs,
  prepareRebalance,
} from './classic-rebalance.ts'
import { restartSession } from './classic-session.ts'
import { decideHeartbeat, decideSync } from './classic-sync.ts'
import { answerMore } from './classic-waiting.ts'
import type { GroupCommand, GroupDecision, RequestCommand } from './command.ts'
import { decideConsumerHeartbeat, workOnTarget } from './consumer-heartbeat.ts'
import { fence } from './consumer-leave.ts'
import { restartConsumerSession, watchRevocation } from './consumer-progress.ts'
import { decideDescribeClassic, decideDescribeConsumer, decideList } from './describe.ts'
import { Draft } from './draft.ts'
import type { Due } from './due.ts'
import { decideDelete, deleteTopics, expireGroup } from './expiry.ts'
import { decideCommit, decideOffsetDelete, decideTxnCommit } from './offset-commit.ts'
import { decideFetch } from './offset-fetch.ts'
import type { GroupRecord } from './record.ts'
import { Refusal } from './refusal.ts'
import { resolveRegexes } from './regex-resolution.ts'
import type { GroupSettings } from './settings.ts'
import { GroupState } from './state.ts'
import type { GroupTopics } from './topics.ts'

export class GroupMachine {
  readonly state: GroupState

  constructor(settings: GroupSettings, topics: GroupTopics) {
    this.state = new GroupState(settings, topics)
  }

  decide(command: GroupCommand, nowMs: number): GroupDecision {
    const draft = new Draft(nowMs)
    switch (command.kind) {
      case 'tick': {
        const due = this.state.deadlines.take(nowMs)
        if (due) this.#decideDue(due, draft)
        return draft
      }
      case 'expire':
        expireGroup(this.state, command.groupId, draft)
        return draft
      case 'topicsDeleted':
        deleteTopics(this.state, command.topics, draft)
        return draft
      default:
        return this.#decideRequest(command, draft)
    }
  }

  apply(record: GroupRecord, at: RecordPlace): void {
    applyRecord(this.state, record, at)
  }

  /** The marker of a transaction stands in the log. */
  endTransaction(producerId: number, isCommit: boolean): void {
    this.state.offsets.endTransaction(producerId, isCommit)
  }

  settle(decision: GroupDecision): void {
    for (const run of decision.after) run()
  }

  /** When the next `tick` has something to do; Infinity for never. */
  nextDeadlineMs(): number {
    return this.state.deadlines.nextMs()
  }

  groupIds(): string[] {
    return [...this.state.groups.keys()]
  }

  /** The log is read: every member gets its whole session timeout to be heard of. */
  loaded(nowMs: number): GroupDecision {
    const { state } = this
    const draft = new Draft(nowMs)
    state.isLoading = false
    // Which topics came while another broker had the groups nobody knows.
    state.topicsCreatedVersion = state.topics.version
    for (const group of state.groups.values()) {
      if (group.type === 'consumer') {
        for (const member of group.members.values()) {
          const { memberId, classic } = member
          restartConsumerSession(state, group.groupId, memberId, nowMs, classic?.sessionTimeoutMs)
          if (classic === null) watchRevocation(state, group.groupId, member, nowMs)
        }
        continue
      }
      for (const member of group.members.values()) restartSession(state, group, member, nowMs)
      if (group.members.size > state.settings.classicMembersMax)
        prepareRebalance(state, group, draft)
    }
    return draft
  }

  #decideRequest(command: RequestCommand, draft: Draft): GroupDecision {
    try {
      this.#decideEach(command, draft)
      return draft
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // What was recorded before the refusal does not happen; answers to others stand.
      const refused = new Draft(draft.nowMs)
      refused.replies.push(...draft.replies)
      refused.refuse(command.caller.requestId, error.errorCode, error.message)
      return refused
    }
  }

  #decideEach(command: RequestCommand, draft: Draft) {
    const { state } = this
    const { caller } = command
    switch (command.kind) {
      case 'join':
        return decideJoin({ state, caller, request: command.request, draft })
      case 'sync':
        return decideSync(state, caller, command.request, draft)
      case 'heartbeat':
        return decideHeartbeat(state, caller, command.request, draft)
      case 'leave':
        return decideLeave(state, caller, command.request, draft)
      case 'consumerHeartbeat':
        return decideConsumerHeartbeat(state, caller, command.request, draft)
      case 'commit':
        return decideCommit(state, caller, command.request, draft)
      case 'txnCommit':
        return decideTxnCommit(state, caller, command.request, draft)
      case 'fetch':
        return decideFetch(state, caller, command.request, draft)
      case 'deleteOffsets':
        return decideOffsetDelete(state, caller, command.request, draft)
      case 'describeClassic':
        return decideDescribeClassic(state, caller, command.request, draft)
      case 'describeConsumer':
        return decideDescribeConsumer(state, caller, command.request, draft)
      case 'list':
        return decideList(state, caller, command.request, draft)
      case 'delete':
        return decideDelete(state, caller, command.request, draft)
    }
  }

  #decideDue(due: Due, draft: Draft): void {
    const { state } = this
    const classic = state.classicGroup(due.groupId)
    const consumer = state.consumerGroup(due.groupId)
    switch (due.kind) {
      case 'classicSession':
        if (classic) expireSession(state, classic, due.memberId, draft)
        return
      case 'classicJoin':
        if (!classic) return
        if (due.initial) endInitialDelay(state, classic, due.initial, draft)
        else completeJoin(state, classic, draft)
        return
      case 'classicSync':
        if (classic) expireSyncs(state, classic, due.generationId, draft)
        return
      case 'joinAnswers':
      case 'syncAnswers':
        answerMore(state, due, draft)
        return
      case 'regex':
        resolveRegexes(state, due, draft)
        return
      case 'target':
        workOnTarget(state, due, draft)
        return
      default: {
        const member = consumer?.members.get(due.memberId)
        if (!consumer || !member) return
        if (due.kind === 'consumerRebalance' && member.memberEpoch !== due.memberEpoch) return
        fence(state, consumer, [member], draft)
      }
    }
  }
}
