/** Asks a group coordinator over a journal in memory, and notes what came back. */
import { GroupCoordinator } from '../../../src/broker/group/group-coordinator.ts'
import type { ConversationKind, Conversations } from '../../../src/core/group/command.ts'
import { Refusal } from '../../../src/core/group/refusal.ts'
import { defaultSettings, type GroupSettings } from '../../../src/core/group/settings.ts'
import { SomeTopics } from '../../core/group/some-topics.ts'
import { ManualEnv, settle } from './manual-env.ts'
import { MemoryJournal } from './memory-journal.ts'

export const noId = 'A'.repeat(22)
const nothing = Buffer.alloc(0)

export class GroupTalk {
  readonly time = new ManualEnv()
  readonly journal = new MemoryJournal()
  readonly groups: GroupCoordinator

  constructor(settings: Partial<GroupSettings> = {}) {
    this.groups = new GroupCoordinator({
      env: this.time.env,
      settings: { ...defaultSettings, initialRebalanceDelayMs: 0, ...settings },
      expiryIntervalMs: 600_000,
      topics: new SomeTopics([{ name: 't', topicId: 'BBBBBBBBBBBBBBBBBBBBBA', partitionCount: 4 }]),
      servesConsumerProtocol: true,
      partitionCount: () => 1,
    })
  }

  async lead(leaderEpoch = 0, journal = this.journal): Promise<void> {
    this.groups.lead(0, leaderEpoch, journal)
    await settle()
  }

  /** An answer that is filled in when it comes: the response, or the code of the refusal. */
  send<K extends ConversationKind>(
    kind: K,
    request: Conversations[K]['request'] & object,
    apiVersion = 9,
  ): { answer: any } {
    const asked: { answer: any } = { answer: undefined }
    const groupId = (request as { groupId?: string }).groupId ?? ''
    const client = { apiVersion, clientId: 'client', clientHost: '/127.0.0.1' }
    Promise.resolve()
      .then(() => this.groups.submit(kind, groupId, request, client))
      .then(
        (response) => {
          asked.answer = response
        },
        (error) => {
          asked.answer = error instanceof Refusal ? error.errorCode : error
        },
      )
    return asked
  }

  async ask<K extends ConversationKind>(
    kind: K,
    request: Conversations[K]['request'] & object,
    apiVersion?: number,
  ): Promise<any> {
    const asked = this.send(kind, request, apiVersion)
    await this.time.advance(0)
    return asked.answer
  }

  /** The member's id, and the generation that it leads alone. */
  async joinAlone(groupId: string): Promise<{ memberId: string; generationId: number }> {
    const { memberId, generationId } = await this.ask('join', joining(groupId), 3)
    await this.ask('sync', syncing(groupId, memberId, generationId, [memberId]))
    return { memberId, generationId }
  }

  async committed(groupId: string): Promise<number> {
    const fetched = await this.ask('fetch', fetching(groupId))
    return fetched.topics?.[0]?.partitions[0].committedOffset ?? fetched
  }

  listed(): Promise<any> {
    return this.ask('list', { statesFilter: [], typesFilter: [] })
  }
}

export const joining = (groupId: string, memberId = '', metadata: Buffer = nothing) => ({
  groupId,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 30_000,
  memberId,
  groupInstanceId: null as string | null,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata }],
  reason: null,
})

export const syncing = (
  groupId: string,
  memberId: string,
  generationId: number,
  given: readonly string[] = [],
) => ({
  groupId,
  generationId,
  memberId,
  groupInstanceId: null,
  protocolType: null,
  protocolName: null,
  assignments: given.map((memberId) => ({ memberId, assignment: Buffer.from(`of ${memberId}`) })),
})

export const committing = (groupId: string, offset: number, memberId = '', generation = -1) => ({
  groupId,
  generationIdOrMemberEpoch: generation,
  memberId,
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name: 't',
      topicId: noId,
      partitions: [
        {
          partitionIndex: 0,
          committedOffset: offset,
          committedLeaderEpoch: -1,
          committedMetadata: null,
        },
      ],
    },
  ],
})

export const fetching = (groupId: string) => ({
  groupId,
  memberId: null,
  memberEpoch: -1,
  topics: null,
  requireStable: true,
})

export const beating = (groupId: string, memberId: string, memberEpoch: number) => ({
  groupId,
  memberId,
  memberEpoch,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: memberEpoch === 0 ? 30_000 : -1,
  subscribedTopicNames: memberEpoch === 0 ? ['t'] : null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: memberEpoch === 0 ? [] : null,
})
