/**
 * The target assignment of a consumer group, computed when it is out of date. A small group's is part of
 * the decision that asks for it. A large group's is shared out: each deadline does a piece, and until
 * the last one the target before counts, as it does for Kafka's members while its assignor runs
 * (KIP-1263). Only who began the computation waits for it.
 *
 * The target is that of the epoch at which it was begun. Members may come and go meanwhile: who has
 * gone gets nothing, who has come has nothing yet, and who took over a static member's place has
 * what was computed for that one. So no partition is in two targets, and the group's newer epoch has
 * the next heartbeat compute again.
 */
import type { Assignment, Assignor, GroupSpec, MemberSpec, Work } from './assignment.ts'
import { finish, noPartitions, sameAssignment } from './assignment.ts'
import type { Caller, Conversations } from './command.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { targetEpochRecord, targetRecord } from './consumer-records.ts'
import type { MemberChange, SubscriptionOutcome } from './consumer-subscription.ts'
import type { Draft } from './draft.ts'
import { setDue, targetWorkOf } from './due.ts'
import { hashMapOrder, javaStringHash } from './java-hash-order.ts'
import { assignRange } from './range-assignor.ts'
import { encodeRecord, type GroupRecord, type StoredRecord } from './record.ts'
import type { AssignorName } from './settings.ts'
import type { GroupState } from './state.ts'
import { assignUniform } from './uniform-assignor.ts'

const assignors: Record<AssignorName, Assignor> = { uniform: assignUniform, range: assignRange }

export interface Target {
  readonly epoch: number
  readonly assignment: Assignment
}

/** A heartbeat that is answered when the target is there. */
export interface Awaiting {
  readonly caller: Caller
  readonly request: Conversations['consumerHeartbeat']['request']
  /** The member before this heartbeat. */
  readonly before: ConsumerMember
}

interface Computed {
  readonly assigned: ReadonlyMap<string, Assignment>
  /** The members of that time with an instance id. */
  readonly byInstance: ReadonlyMap<string, string>
  /** What is likely to be written, by member, and how it is written. */
  readonly records: ReadonlyMap<string, GroupRecord>
  readonly encoded: ReadonlyMap<GroupRecord, StoredRecord>
}

/** A computation that is under way. */
export class TargetWork {
  readonly group: ConsumerGroup
  readonly epoch: number
  readonly #work: Work<Computed>
  /** Of one member: whoever asks again while it waits has given up the first request. */
  readonly #awaiting: Awaiting[] = []

  constructor(group: ConsumerGroup, epoch: number, work: Work<Computed>) {
    this.group = group
    this.epoch = epoch
    this.#work = work
  }

  get awaiting(): readonly Awaiting[] {
    return this.#awaiting
  }

  keepWaiting(awaiting: Awaiting): void {
    this.#awaiting.push(awaiting)
  }

  /** Does so much. When nothing is left the records are drafted, and the target of each member can be asked for. */
  advance(unitsMax: number, draft: Draft): ((member: ConsumerMember) => Assignment) | undefined {
    for (let units = 0; units < unitsMax; ) {
      const step = this.#work.next()
      if (step.done) return this.#draft(step.value, draft)
      units += step.value
    }
    return undefined
  }

  /** In one piece, however many members there are: nothing is done here that could be done before. */
  #draft({ assigned, byInstance, records, encoded }: Computed, draft: Draft) {
    const { group } = this
    const targetOf = ({ memberId, instanceId }: ConsumerMember): Assignment => {
      const own = assigned.get(memberId)
      if (own) return own
      const replaced = instanceId === null ? undefined : byInstance.get(instanceId)
      return assigned.get(replaced ?? '') ?? noPartitions
    }
    draft.encoded = encoded
    for (const member of group.members.values()) {
      const next = targetOf(member)
      const old = group.target.get(member.memberId)
      if (old && (old === next || sameAssignment(old, next))) continue
      const record = records.get(member.memberId)
      draft.records.push(record ?? targetRecord(group.groupId, member.memberId, next))
    }
    draft.records.push(targetEpochRecord(group.groupId, this.epoch, draft.nowMs))
    return targetOf
  }
}

/** `isAwaited`: the answer to the heartbeat comes with the target. */
export function nextTarget(
  change: MemberChange,
  { groupEpoch, isHomogeneous }: SubscriptionOutcome,
  awaiting?: Awaiting,
): Target & { readonly isAwaited: boolean } {
  const { state, group, draft, before, after } = change
  const { groupId, assignmentEpoch } = group
  const current = { epoch: assignmentEpoch, assignment: group.inheritedTarget(after) }
  if (assignmentEpoch >= groupEpoch || isTooEarly(state, group, draft.nowMs))
    return { ...current, isAwaited: false }
  const underWay = targetWorkOf(state.deadlines, groupId)
  if (underWay) {
    const isAgain = awaiting && underWay.awaiting[0]?.before.memberId === after.memberId
    if (isAgain) draft.after.push(() => underWay.keepWaiting(awaiting))
    return { ...current, isAwaited: isAgain === true }
  }
  const name = group.preferredAssignor({ before, after })
  const assignor = assignors[name ?? state.settings.consumerAssignors[0]!]
  const spec = groupSpec(state, group, after, isHomogeneous)
  if (sizeOf(state, group, after) <= state.settings.targetPieceUnits) {
    const assigned = finish(assignAll(assignor, spec))
    for (const [memberId, next] of assigned) {
      const old = group.target.get(memberId)
      if (!old || !sameAssignment(old, next))
        draft.records.push(targetRecord(groupId, memberId, next))
    }
    draft.records.push(targetEpochRecord(groupId, groupEpoch, draft.nowMs))
    const assignment = assigned.get(after.memberId) ?? noPartitions
    return { epoch: groupEpoch, assignment, isAwaited: false }
  }
  draft.after.push(() => {
    // A group that is new by this decision is known only now.
    const applied = state.consumerGroup(groupId)!
    const work = new TargetWork(applied, groupEpoch, compute(groupId, assignor, spec))
    if (awaiting) work.keepWaiting(awaiting)
    setDue(state.deadlines, draft.nowMs, { kind: 'target', groupId, work })
  })
  return { ...current, isAwaited: awaiting !== undefined }
}

function isTooEarly(state: GroupState, group: ConsumerGroup, nowMs: number) {
  const { groupId } = group
  const assignedAtMs = Math.max(group.assignedAtMs, group.computedAtMs)
  const intervalMs =
    state.settings.ofGroup(groupId).assignmentIntervalMs ??
    state.settings.consumerAssignmentIntervalMs
  return assignedAtMs !== 0 && intervalMs !== 0 && nowMs < assignedAtMs + intervalMs
}

function sizeOf({ topics }: GroupState, group: ConsumerGroup, changed: ConsumerMember): number {
  const { members, subscriptions } = group
  let size = members.size
  for (const { topicNames, topicRegex } of members.values())
    size += topicNames.size + (subscriptions.resolved.get(topicRegex)?.topics.size ?? 0)
  for (const name of new Set([...subscriptions.topics.keys(), ...changed.topicNames]))
    size += topics.byName(name)?.partitionCount ?? 0
  return size
}

/** A member as it is when the computation begins; what it reads is looked up as part of the work. */
interface Snapshot {
  readonly member: ConsumerMember
  readonly assigned: Assignment
  /** It has no target yet: also that it gets nothing has to be written. */
  readonly isNew: boolean
}

interface Snapshots extends Omit<GroupSpec, 'members'> {
  readonly members: ReadonlyMap<string, Snapshot>
  topicIds(member: ConsumerMember): ReadonlySet<string>
}

function groupSpec(
  state: GroupState,
  group: ConsumerGroup,
  changed: ConsumerMember,
  homogeneous: boolean,
): Snapshots {
  const members = new Map(group.members)
  const replaced = group.staticMember(changed.instanceId)
  if (replaced && replaced.memberId !== changed.memberId) members.delete(replaced.memberId)
  members.set(changed.memberId, changed)
  const topicIds = topicIdsOf(state, group)
  const shared = homogeneous ? topicIds(changed) : undefined
  return {
    homogeneous,
    partitionCount: (topicId) => state.topics.byId(topicId)?.partitionCount ?? 0,
    topicIds: (member) => shared ?? topicIds(member),
    members: new Map(
      hashMapOrder([...members.keys()], javaStringHash).map((memberId) => {
        const member = members.get(memberId)!
        const inherits = member === changed && replaced
        const assigned = group.targetOf(inherits ? replaced.memberId : memberId)
        return [memberId, { member, assigned, isNew: !group.target.has(memberId) }]
      }),
    ),
  }
}

/** Members with the same regular expression share one set of topics: it is looked up once. */
function topicIdsOf(state: GroupState, { subscriptions }: ConsumerGroup) {
  const byNames = new Map<ReadonlySet<string>, ReadonlySet<string>>()
  return (member: ConsumerMember): ReadonlySet<string> => {
    const names = subscriptions.of(member)
    const known = byNames.get(names)
    if (known) return known
    const ids = new Set<string>()
    for (const name of names) {
      const topic = state.topics.byName(name)
      if (topic) ids.add(topic.topicId)
    }
    byNames.set(names, ids)
    return ids
  }
}

/** The target of every member. */
function* assignAll(
  assignor: Assignor,
  { homogeneous, partitionCount, members: snapshots, topicIds }: Snapshots,
): Work<Map<string, Assignment>> {
  const members = new Map<string, MemberSpec>()
  for (const [memberId, { member, assigned }] of snapshots) {
    const ids = topicIds(member)
    members.set(memberId, { instanceId: member.instanceId, topicIds: ids, assigned })
    yield homogeneous ? 1 : 1 + ids.size
  }
  const given = yield* assignor({ homogeneous, partitionCount, members })
  return new Map([...members.keys()].map((id) => [id, given.get(id) ?? noPartitions]))
}

function* compute(groupId: string, assignor: Assignor, spec: Snapshots): Work<Computed> {
  const assigned = yield* assignAll(assignor, spec)
  const byInstance = new Map<string, string>()
  const records = new Map<string, GroupRecord>()
  const encoded = new Map<GroupRecord, StoredRecord>()
  for (const [memberId, next] of assigned) {
    const { member, assigned: old, isNew } = spec.members.get(memberId)!
    if (member.instanceId !== null) byInstance.set(member.instanceId, memberId)
    let done = 1
    for (const partitions of next.values()) done += 1 + partitions.length
    if (isNew || !sameAssignment(old, next)) {
      const record = targetRecord(groupId, memberId, next)
      records.set(memberId, record)
      encoded.set(record, encodeRecord(record))
    }
    yield done
  }
  return { assigned, byInstance, records, encoded }
}
