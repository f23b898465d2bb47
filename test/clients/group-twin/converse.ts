/** The same conversation with both sides, a step at a time, until an answer differs. */
import { JoinGroup } from '../../../protocol/messages/join-group.ts'
import { OffsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import { classicStep } from './classic-steps.ts'
import { consumerStep } from './consumer-steps.ts'
import { adminStep, offsetStep } from './offset-steps.ts'
import type { Side } from './side.ts'
import { Chance, type Mode, type Setting, type Step } from './step.ts'

const pollMs = 20
/** So long for an answer that one side has given and the other has not. */
const agreeMsMax = 8_000
/** Steps of a conversation that are told when it ends in a difference. */
const toldMax = 30

export interface Conversation {
  readonly mode: Mode
  readonly seed: number
  readonly steps: number
  /** Names the group, so that no conversation meets what an earlier one left. */
  readonly run: string
  /** Changes an answer, to prove that it would be noticed. */
  readonly spoil?: (side: Side, what: string, answer: any) => any
}

/** What differs first, and the conversation until then; `undefined` when nothing does. */
export async function converse(
  sides: readonly [Side, Side],
  conversation: Conversation,
): Promise<string | undefined> {
  const { mode, seed, steps, run } = conversation
  const chance = new Chance(seed)
  const group = `g${seed}-${mode.name}-${run}`
  const counting = mode.classic === 0.5
  const told: string[] = []
  for (const side of sides) side.reset()
  for (let number = 0; number < steps; number++) {
    const { actor, step } = draw(chance, mode, group)
    if (sides.some((side) => side.asked.has(actor))) continue
    for (const side of sides) {
      const request = step.build(side)
      if (side === sides[0])
        told.push(
          `${number} ${actor}: ${step.api.name} v${step.version}, ${step.what}: ${JSON.stringify(side.canonical(request, counting))}`,
        )
      await send(side, { actor, number, group, step, request, conversation })
    }
    const answers = await untilSettled(sides, group, counting)
    told.push(`   -> ${answers[0]}`)
    if (answers[0] !== answers[1])
      return [
        `${mode.name} ${seed} differs at step ${number}:`,
        ...told.slice(-toldMax),
        ...sides.map(({ name }, i) => `${name}: ${answers[i]}`),
      ].join('\n')
    if (goApart(conversation, step, sides[0].asked.get(actor)?.answer)) return undefined
    for (const side of sides)
      for (const [who, { answer }] of side.asked) if (answer) side.asked.delete(who)
  }
  return undefined
}

/**
 * A classic join that is refused deletes an empty consumer group in Kafka, and must not here: from then on
 * the epochs of the two have nothing in common.
 */
const goApart = ({ mode }: Conversation, { api }: Step, answer: any) =>
  mode.classic < 1 && api === JoinGroup && answer?.errorCode === 25

function draw(chance: Chance, mode: Mode, group: string): { actor: string; step: Step } {
  const actor = chance.pick(['a', 'b', 'c', 'd'])
  const instanceId = chance.is(mode.statics) ? chance.pick(['i-x', 'i-y']) : null
  const foreign = chance.is(0.06)
  const off = chance.is(0.08) ? chance.pick([-1, 1]) : 0
  const setting: Setting = { chance, mode, actor, group, instanceId, foreign, off }
  const kind = chance.next()
  if (kind < 0.62) {
    const named = { ...setting, group: chance.is(0.02) ? '' : group }
    return { actor, step: chance.is(mode.classic) ? classicStep(named) : consumerStep(named) }
  }
  return { actor, step: kind < 0.84 ? offsetStep(setting) : adminStep(setting) }
}

interface Sending {
  readonly actor: string
  readonly number: number
  readonly group: string
  readonly step: Step
  readonly request: any
  readonly conversation: Conversation
}

async function send(side: Side, { actor, number, group, step, request, conversation }: Sending) {
  const client = await side.client(actor)
  const asked: { step: number; answer?: any } = { step: number }
  side.asked.set(actor, asked)
  client.ask(step.api, step.version, request).then(
    (given: any) => {
      const answer = conversation.spoil?.(side, step.what, given) ?? given
      step.hear?.(side, answer)
      const isList = step.what === 'list'
      asked.answer = isList
        ? { ...answer, groups: answer.groups.filter(({ groupId }: any) => groupId === group) }
        : answer
    },
    () => {
      asked.answer = { closed: true }
    },
  )
}

/** Waits until both sides have answered all that they will answer now, or no longer agree. */
async function untilSettled(
  sides: readonly [Side, Side],
  group: string,
  counting: boolean,
): Promise<[string, string]> {
  // A coordinator takes one request after the other: when it answers this, it has seen those before.
  for (const side of sides) {
    const probe = { groupId: group, memberId: null, memberEpoch: -1, topics: null }
    const client = await side.client('probe')
    await client.ask(OffsetFetch, 9, { groups: [probe], requireStable: true })
  }
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs))
    const answers = sides.map((side) => answersOf(side, counting))
    const [first, second] = answers as [string, string]
    if (first === second || waitedMs > agreeMsMax) return [first, second]
  }
}

const answersOf = (side: Side, counting: boolean) =>
  JSON.stringify(
    [...side.asked]
      .filter(([, { answer }]) => answer !== undefined)
      .map(([actor, { step, answer }]) => [actor, step, side.canonical(answer, counting)])
      .sort(),
  )
