/** Groups that move from one protocol to the other (N-11), or are kept from it by `group.consumer.migration.policy`. */
import { ListGroups } from '../../../protocol/messages/list-groups.ts'
import { ClassicMember } from './classic-member.ts'
import { look, NewMember } from './new-member.ts'
import { Script } from './script.ts'
import type { Side } from './side.ts'

export async function migrations(side: Side, run: string): Promise<string[]> {
  const script = new Script(side, true)
  const steps = { upward, downward, waiting, emptied, replacedStatics, otherTypes }
  for (const [name, play] of Object.entries(steps))
    await play(new Stage(side, script, `${run}-${name}`))
  return script.answers
}

class Stage {
  readonly group: string
  readonly #side: Side
  readonly #script: Script

  constructor(side: Side, script: Script, group: string) {
    this.#side = side
    this.#script = script
    this.group = group
  }

  classic(name: string, instanceId: string | null = null): ClassicMember {
    return new ClassicMember(this.#script, this.group, name, instanceId)
  }

  new(name: string): NewMember {
    return new NewMember(this.#script, this.group, `own-${name}`)
  }

  /** The group as administrators see it. */
  async see(): Promise<void> {
    await look(this.#script, this.group)
    const client = await this.#side.client('scripted')
    const listed: any = await client.ask(ListGroups, 5, { statesFilter: [], typesFilter: [] })
    const own = listed.groups.filter(({ groupId }: any) => groupId === this.group)
    this.#script.answers.push(`listed: ${JSON.stringify(this.#side.canonical(own, false))}`)
  }
}

/** A new member comes to a classic group at rest, stays, goes. */
async function upward(stage: Stage): Promise<void> {
  const [a, n] = [stage.classic('a'), stage.new('n')]
  await a.join()
  await a.sync()
  const joined = await n.join({ serverAssignor: 'range' })
  await stage.see()
  await a.commit(8)
  await a.commit(9)
  await a.beat()
  if (joined.errorCode !== 0) return
  await a.join()
  await stage.see()
  await a.commit(9)
  await a.sync()
  await a.beat()
  await n.beat('asks')
  await a.follow()
  await n.beat('asks')
  await stage.see()
  await a.commit(9, a.generation - 1)
  await a.commit(9)
  await a.commit(8)
  await a.commit(9, a.generation + 1)
  await n.leave()
  await stage.see()
  await a.follow()
  await stage.see()
  await a.leave()
  await stage.see()
}

/** A classic member comes to a consumer group, and the new members go. */
async function downward(stage: Stage): Promise<void> {
  const [a, n, m] = [stage.classic('a'), stage.new('n'), stage.new('m')]
  await n.join({ serverAssignor: 'range' })
  await n.beat('has all')
  const joined = await a.join()
  await stage.see()
  if (joined.errorCode !== 0) return
  await a.sync()
  await n.beat('gives up')
  await n.beat('gave up')
  await a.follow()
  await stage.see()
  // Reads nothing: of three that read, who gives up how much depends on ids that the brokers draw.
  await m.join({ subscribedTopicNames: [] })
  for (const who of [n, m, n, m]) await who.beat('asks')
  await a.follow()
  await n.leave()
  await stage.see()
  await a.follow()
  await m.leave()
  await stage.see()
  await a.follow()
  await stage.see()
  await n.join()
  await stage.see()
  await a.leave()
  await stage.see()
  await n.beat('asks')
  await n.leave()
  await stage.see()
}

/** A new member comes while classic ones wait: to join, or to sync. */
async function waiting(stage: Stage): Promise<void> {
  const [a, b, n] = [stage.classic('a'), stage.classic('b'), stage.new('n')]
  await a.join()
  await a.sync()
  const waits = await b.begin()
  await a.beat()
  const joined = await n.join({ serverAssignor: 'range' })
  if (joined.errorCode !== 0) {
    // They go on as if it had not come.
    await a.join()
    await waits.joined()
    await stage.see()
    return
  }
  await waits.joined()
  await stage.see()
  await n.leave()
  await stage.see()
}

/** Groups that have no members change freely. */
async function emptied(stage: Stage): Promise<void> {
  const [a, n] = [stage.classic('a'), stage.new('n')]
  await a.join()
  await a.sync()
  await a.leave()
  await stage.see()
  await n.join()
  await stage.see()
  await n.leave()
  await stage.see()
  a.memberId = ''
  await a.join()
  await stage.see()
  await n.join()
  await stage.see()
}

/** A static member comes back with the other protocol, beside one that has the new one. */
async function replacedStatics(stage: Stage): Promise<void> {
  const [m, n] = [stage.new('m'), stage.new('n')]
  const [a, again] = [stage.classic('a', 'i-x'), stage.classic('again', 'i-x')]
  const isStatic = { instanceId: 'i-x' }
  await m.join()
  await m.beat('has all')
  const joined = await a.join()
  await stage.see()
  if (joined.errorCode !== 0) return
  await a.sync()
  await m.beat('gives up')
  await m.beat('gave up')
  await a.follow()
  await n.join(isStatic)
  await stage.see()
  await a.beat()
  await a.join()
  await n.beat('asks', isStatic)
  await again.join()
  await stage.see()
  await n.beat('asks', isStatic)
  await again.sync()
  await again.follow()
  await n.join(isStatic)
  await n.leave(-2, isStatic)
  await stage.see()
  again.memberId = ''
  await again.join()
  await stage.see()
  await n.leave(-1, isStatic)
  await m.leave()
  await stage.see()
  await again.follow()
  await stage.see()
}

/** Groups of another type cannot move. */
async function otherTypes(stage: Stage): Promise<void> {
  const [a, n] = [stage.classic('a'), stage.new('n')]
  await a.join({ protocolType: 'connect' })
  await n.join()
  await a.sync()
  await n.join()
  await a.beat()
  await stage.see()
  await a.leave()
  await n.join()
  await stage.see()
  a.memberId = ''
  const metadata = Buffer.from([0, 1, 0, 0, 0, 1, 0, 1, 116, 255, 255, 255, 255, 0, 0, 0, 0])
  await a.join({ protocolType: 'connect' })
  await a.join({ protocols: [] })
  await a.join({ protocols: [{ name: 'nope', metadata }] })
  await stage.see()
}
