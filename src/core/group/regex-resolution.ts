/**
 * Which topics the regular expressions of a consumer group match (KIP-848). It is shared out: each
 * deadline matches so many names, writes what has become complete, and makes a new epoch when
 * anybody reads something else than before.
 */
import { RE2JS, RE2JSException } from 're2js'
import { ErrorCode } from '../../../protocol/errors.ts'
import type { Work } from './assignment.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { sameNames } from './consumer-member.ts'
import { epochRecord, regexRecord } from './consumer-records.ts'
import type { Draft } from './draft.ts'
import { type Due, setDue } from './due.ts'
import { encodeRecord } from './record.ts'
import { Refusal } from './refusal.ts'
import { regexSize } from './regex-size.ts'
import type { GroupState } from './state.ts'
import type { ResolvedRegex } from './subscriptions.ts'

/** What is found is written when it is this much of what one batch may hold. */
const batchShare = 0.4
/**
 * Nobody else has a turn while an expression is compiled, some five microseconds for each character written out, nor
 * while one name is matched, some 20 microseconds for each that is repeated.
 */
const sizeMax = 2_048
const repeatedMax = 512
/** Units of work in matching one name, for each character that is repeated. */
const unitsPerRepeated = 4

export interface RegexWork {
  readonly group: ConsumerGroup
  /** Yields names, and puts what is complete into `found`. */
  readonly steps: Work<void>
  readonly found: Map<string, ReadonlySet<string>>
  /** `topics.version` when it began. */
  readonly version: number
}

/** RE2 syntax: its time is linear in the text, whatever the expression. @throws Refusal 128 */
export function compile(regex: string): RE2JS {
  const refuse = (why: string) =>
    new Refusal(ErrorCode.INVALID_REGULAR_EXPRESSION, `SubscribedTopicRegex ${why}.`)
  if (regex.length > sizeMax) throw refuse(`has ${regex.length} characters, more than ${sizeMax}`)
  const { size, repeated } = regexSize(regex)
  if (size > sizeMax)
    throw refuse(`\`${regex}\` has ${size} characters when it is written out, more than ${sizeMax}`)
  if (repeated > repeatedMax)
    throw refuse(`\`${regex}\` repeats ${repeated} characters, more than ${repeatedMax}`)
  try {
    return RE2JS.compile(regex)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    throw refuse(`\`${regex}\` is not a valid regular expression: ${error.message}`)
  }
}

export function resolveRegexes(
  state: GroupState,
  due: Extract<Due, { kind: 'regex' }>,
  draft: Draft,
): void {
  const group = state.consumerGroup(due.groupId)
  if (!group || (due.work && due.work.group !== group)) return
  draft.isWhole = true
  const work = due.work ?? begin(state, group)
  const { targetPieceUnits, recordBytesMax } = state.settings
  let isDone = false
  let bytes = 0
  for (let units = 0; !isDone && units < targetPieceUnits; ) {
    const count = work.found.size
    const step = work.steps.next()
    isDone = step.done === true
    units += step.done ? 0 : step.value
    if (work.found.size > count) bytes += bytesOf([...work.found.values()].at(-1)!)
    if (bytes > recordBytesMax * batchShare) break
  }
  write(state, work, draft)
  if (!isDone) setDue(state.deadlines, draft.nowMs, { ...due, work })
}

function begin({ topics }: GroupState, group: ConsumerGroup): RegexWork {
  const found = new Map<string, ReadonlySet<string>>()
  return { group, found, version: topics.version, steps: search(group, [...topics.names()], found) }
}

/** What a Kafka took that is refused here, and wrote into its log, matches nothing. */
function compiled(regex: string): RE2JS | undefined {
  try {
    return compile(regex)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** Those that come meanwhile are searched for as well: the map is read as it grows. */
function* search(
  group: ConsumerGroup,
  names: readonly string[],
  found: Map<string, ReadonlySet<string>>,
): Work<void> {
  for (const regex of group.subscriptions.regexes.keys()) {
    const pattern = compiled(regex)
    const units = 1 + regexSize(regex).repeated * unitsPerRepeated
    const topics = new Set<string>()
    for (const name of pattern ? names : []) {
      if (pattern?.matches(name)) topics.add(name)
      yield units
    }
    found.set(regex, topics)
    yield 1
  }
}

function bytesOf(names: ReadonlySet<string>): number {
  let bytes = 0
  for (const name of names) bytes += name.length + 1
  return bytes
}

function write(state: GroupState, { group, found, version }: RegexWork, draft: Draft): void {
  const { groupId, subscriptions } = group
  const next = subscriptions.copy()
  let bump = false
  for (const [regex, topics] of found) {
    found.delete(regex)
    // Nobody asks for it any more.
    if (!subscriptions.regexes.has(regex)) continue
    const resolved = { topics, version, resolvedAtMs: draft.nowMs }
    bump = resolve(state, groupId, regex, resolved, next, draft) || bump
  }
  if (draft.records.length === 0) return
  const hash = state.hashes.ofGroup(next.topics.keys())
  if (!bump && hash === group.metadataHash) return
  draft.records.push(epochRecord(groupId, group.groupEpoch + 1, hash))
}

/** Tells whether whoever reads by it may read something else. */
function resolve(
  state: GroupState,
  groupId: string,
  regex: string,
  matched: ResolvedRegex,
  next: ConsumerGroup['subscriptions'],
  draft: Draft,
): boolean {
  let resolved = matched
  let record = regexRecord(groupId, regex, resolved)
  // More topics than one record can name: none of them is read.
  if (encodeRecord(record).value!.length > state.settings.recordBytesMax * batchShare) {
    resolved = { ...resolved, topics: new Set() }
    record = regexRecord(groupId, regex, resolved)
  }
  const before = next.resolved.get(regex)?.topics
  next.resolve(regex, resolved)
  draft.records.push(record)
  // A new one that matches nothing, too: whoever asks for it may have read something else.
  return !before || !sameNames(before, resolved.topics)
}
