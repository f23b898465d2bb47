import type { ConversationKind, Conversations, GroupReply } from './command.ts'
import type { GroupRecord, StoredRecord } from './record.ts'
import { Refusal } from './refusal.ts'

/** A decision while it is being made. */
export class Draft {
  readonly nowMs: number
  readonly records: GroupRecord[] = []
  /** Of these records, those that were encoded beforehand. */
  encoded: ReadonlyMap<GroupRecord, StoredRecord> = new Map()
  readonly replies: GroupReply[] = []
  isWhole = false
  /** Run once the records are applied: volatile state that rests on what they changed. */
  readonly after: (() => void)[] = []

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  answer<K extends ConversationKind>(
    requestId: number,
    _kind: K,
    response: Conversations[K]['response'],
  ): void {
    this.replies.push({ requestId, response })
  }

  refuse(requestId: number, errorCode: number, message: string): void {
    this.replies.push({ requestId, refusal: new Refusal(errorCode, message) })
  }
}
