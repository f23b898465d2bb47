/**
 * What the broker does by now. Tests of what does not exist yet are not collected; `stage.test.ts`
 * fails when this and what the broker advertises differ, so that no feature stays untested.
 */
import { targetKind } from './target.ts'

const ottlaHas = {
  /** JoinGroup and its family. */
  groups: true,
  /** ConsumerGroupHeartbeat (KIP-848). */
  consumerGroups: true,
}

export const stage = targetKind === 'kafka' ? { groups: true, consumerGroups: true } : ottlaHas
