/** Offsets that members of the new protocol commit and fetch with epochs and ids that are not theirs, at every step of a rebalance. */
import { OffsetCommit } from '../../../protocol/messages/offset-commit.ts'
import { OffsetDelete } from '../../../protocol/messages/offset-delete.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { look, NewMember } from './new-member.ts'
import { Script } from './script.ts'
import { noId, type Side } from './side.ts'

export async function staleEpochs(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const group = `${run}-epochs`
  const [a, b] = ['own-a', 'own-b'].map((id) => new NewMember(script, group, id)) as [
    NewMember,
    NewMember,
  ]
  const ask = () => askOffsets(script, side, group)
  await a.join()
  await ask()
  await a.beat('has all')
  await b.join()
  await ask()
  await a.beat('is told to give up half')
  await look(script, group)
  await ask()
  await a.beat('gives up some of it', { topicPartitions: a.half() })
  await a.beat('has given up')
  await ask()
  await b.beat('gets its half')
  await ask()
  await deleteOffsets(script, group)
  await a.leave()
  await ask()
  await b.beat('gets all')
  await b.join({ instanceId: 'i-x' })
  await ask()
  await b.leave(-2, { instanceId: 'i-x' })
  await ask()
  await b.leave(-1, { instanceId: 'i-x' })
  await ask()
  await deleteOffsets(script, group)
  return script.answers
}

async function askOffsets(script: Script, side: Side, groupId: string): Promise<void> {
  const topic = (name: string, version: number) =>
    version >= 10 ? { name: '', topicId: side.topicIds.get(name)! } : { name, topicId: noId }
  const partition = (partitionIndex: number, committedOffset: number) => ({
    ...{ partitionIndex, committedOffset, committedLeaderEpoch: 3, committedMetadata: 'm' },
  })
  const who = ['own-a', 'own-b', 'foreign', ''].flatMap((memberId) =>
    [-2, -1, 0, 1, 2, 3, 4, 9].map((epoch) => ({ memberId, epoch })),
  )
  for (const { memberId, epoch } of who)
    for (const version of [8, 9, 10])
      for (const groupInstanceId of memberId === 'own-b' ? [null, 'i-x'] : [null]) {
        const partitions = [0, 5, 6, 11].map((index) => partition(index, version * 10 + epoch))
        const request = {
          ...{ groupId, memberId, groupInstanceId, retentionTimeMs: -1 },
          generationIdOrMemberEpoch: epoch,
          topics: [
            { ...topic('t', version), partitions },
            { ...topic('u', version), partitions: [partition(0, 1)] },
          ],
        }
        const what = `commit ${version} of ${memberId} (${groupInstanceId}) in ${epoch}`
        await script.ask(what, OffsetCommit, version, request)
      }
  for (const version of [9, 10]) {
    const topics = [{ ...topic('t', version), partitionIndexes: [0, 5, 11] }]
    for (const { memberId, epoch } of who)
      for (const asked of [topics, null]) {
        const groups = [{ groupId, memberId, memberEpoch: epoch, topics: asked }]
        const what = `fetch ${version} of ${memberId} in ${epoch}`
        await script.ask(what, OffsetFetch, version, { groups, requireStable: epoch > 1 })
      }
  }
}

async function deleteOffsets(script: Script, groupId: string): Promise<void> {
  const partitions = [0, 1, 99].map((partitionIndex) => ({ partitionIndex }))
  const topics = ['t', 'u', 'zz'].map((name) => ({ name, partitions }))
  await script.ask('deletes offsets', OffsetDelete, 0, { groupId, topics })
}
