/** Members of the new protocol that change what they read, and how they are known, in the middle of a reconciliation. */
import { look, NewMember, partitionsOf } from './new-member.ts'
import { Script } from './script.ts'
import type { Side } from './side.ts'

const reading = (...subscribedTopicNames: string[]) => ({ subscribedTopicNames })

/** Of two topics, uniform goes by their ids, which the brokers draw: there only one is read at a time. */
export async function changingSubscriptions(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  for (const serverAssignor of ['uniform', 'range'] as const) {
    const group = `${run}-changing-${serverAssignor}`
    const member = (id: string) => new NewMember(script, group, id)
    const [a, b, c] = ['own-a', 'own-b', 'own-c'].map(member) as [NewMember, NewMember, NewMember]
    const both = reading(...(serverAssignor === 'range' ? ['t', 'u'] : ['t']))
    const see = () => look(script, group)
    await a.join({ ...both, serverAssignor })
    await a.beat('has all')
    await b.join({ ...both, serverAssignor })
    await a.beat('is told to give up half')
    await a.beat('reads t alone while it gives up', reading('t'))
    await see()
    await b.beat('asks again')
    await a.beat('gives up')
    await a.beat('asks again')
    await b.beat('reads u alone', reading('u'))
    await see()
    await a.beat('asks again')
    await b.beat('asks again')
    await b.beat('reads what is not there', reading('zz', 'nope'))
    await see()
    await a.beat('reads nothing', reading())
    await a.beat('gives up')
    await b.beat('reads all', { subscribedTopicNames: [...both.subscribedTopicNames, 'zz'] })
    await c.join({ ...reading('u'), serverAssignor })
    await see()
    for (const who of [b, c, a, b, c]) await who.beat('asks again')
    await see()
    await oddReports(side, c)
    for (const who of [b, c, b]) await who.beat('asks again')
    await c.beat('has an instance id', { instanceId: 'i-x' })
    await c.beat('has a rack', { rackId: 'r' })
    await c.beat('has a time-out', { rebalanceTimeoutMs: 1_234 })
    await c.beat('sends all', { ...reading('u'), rebalanceTimeoutMs: 60_000 })
    await see()
    await a.leave()
    await a.leave()
    await b.leave(-2)
    for (const who of [b, c]) await who.beat('asks again')
    await b.leave(-1, { memberId: 'own-c' })
    await see()
    await b.leave()
    await see()
  }
  return script.answers
}

/** Partitions that it was never given, of topics that are not there, and the same twice; epochs that are not its own. */
async function oddReports(side: Side, member: NewMember): Promise<void> {
  const all = Array.from({ length: 12 }, (_, i) => i)
  await member.beat('says it has all', { topicPartitions: partitionsOf(side, 't', all) })
  const unknown = [{ topicId: 'BBBBBBBBBBBBBBBBBBBBBA', partitions: [0] }]
  await member.beat('says it has what is not there', { topicPartitions: unknown })
  const twice = [...partitionsOf(side, 't', [0, 0]), ...partitionsOf(side, 't', [0])]
  await member.beat('says it has one three times', { topicPartitions: twice })
  const nothing = { topicPartitions: null }
  await member.beat('reports nothing', nothing)
  await member.beat('has an earlier epoch', {}, member.epoch - 1)
  await member.beat('has an earlier epoch and reports nothing', nothing, member.epoch - 1)
  await member.beat('has a later epoch', {}, member.epoch + 1)
  await member.beat('joins again as it is', { ...reading('u'), topicPartitions: [] }, 0)
}

/** Members of one group ask for different assignors, some as many for the one as for the other. */
export async function assignorVotes(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const votes = [
    ['range', 'uniform', null],
    ['uniform', 'range', null],
    ['range', 'range', 'uniform'],
    ['uniform', 'uniform', 'range'],
  ]
  for (const asked of votes) {
    const group = `${run}-${asked.join('-')}`
    const ids = ['own-x', 'own-y', 'own-z']
    const members = ids.map((id) => new NewMember(script, group, id))
    const [x, y, z] = members as [NewMember, NewMember, NewMember]
    for (const [i, member] of members.entries()) {
      await member.join({ serverAssignor: asked[i] })
      for (const who of [x, y, x, y].filter(({ epoch }) => epoch > 0)) await who.beat('asks again')
      await look(script, group)
    }
    await z.beat('asks again')
    await x.leave()
    for (const who of [y, z, y, z]) await who.beat('asks again')
    await look(script, group)
    await y.beat('asks for uniform', { serverAssignor: 'uniform' })
    await z.beat('asks for range', { serverAssignor: 'range' })
    await x.join()
    for (const who of [y, z, x, y, z]) await who.beat('asks again')
    await look(script, group)
  }
  return script.answers
}

/** Static members that go for a while, are replaced in each state, and speak as each other. */
export async function newStatics(side: Side, run: string): Promise<string[]> {
  const script = new Script(side)
  const group = `${run}-statics`
  const member = (id: string) => new NewMember(script, group, id)
  const [a, a2, a3, b] = ['own-a', 'own-a2', 'own-a3', 'own-b'].map(member) as [
    NewMember,
    NewMember,
    NewMember,
    NewMember,
  ]
  const x = { instanceId: 'i-x' }
  const see = () => look(script, group)
  await a.join(x)
  await a.beat('has all', x)
  await a2.join(x)
  await a.join(x)
  await b.join()
  await a.beat('is told to give up half', x)
  await a.beat('says it is another', { instanceId: 'i-y' })
  await a.beat('leaves out its instance id')
  await a.leave(-2, { instanceId: 'i-y' })
  await a.leave(-2)
  await a.leave(-2, x)
  await see()
  await b.beat('asks again')
  await a.beat('comes back with its old epoch', x, 2)
  await a2.join({ ...x, subscribedTopicNames: ['t', 'u'] })
  await see()
  await a.beat('speaks still', x, 2)
  await a.leave(-1, x)
  for (const who of [a2, b, a2, b]) await who.beat('asks again', who === b ? {} : x)
  await see()
  await a2.leave(-2, x)
  await a2.leave(-2, x)
  await a3.join({ ...x, subscribedTopicNames: ['u'] })
  await b.join({ instanceId: 'i-y' })
  await b.join(x)
  for (const who of [a3, b, a3, b]) await who.beat('asks again', who === b ? {} : x)
  await see()
  await a3.leave(-1, { instanceId: 'i-y' })
  await a3.leave(-1)
  await see()
  await b.leave(-1)
  await see()
  return script.answers
}
