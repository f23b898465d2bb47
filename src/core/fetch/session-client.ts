/**
 * The asking side of a fetch session (KIP-227): what to send so that the leader knows what is wanted.
 *
 * The first request names every partition. Later ones name those whose question has changed, and those
 * that are not wanted now; an answer leaves out partitions of which there is nothing new.
 */

export interface SessionRequest<Key, Question> {
  readonly sessionId: number
  readonly sessionEpoch: number
  /** To be sent: all of them, or those that changed. */
  readonly send: ReadonlyMap<Key, Question>
  readonly forget: readonly Key[]
}

const firstEpoch = 0
const noSession = 0
const epochMax = 2 ** 31 - 1

export class SessionClient<Key, Question> {
  readonly #isSame: (a: Question, b: Question) => boolean
  #id = noSession
  #epoch = firstEpoch
  /** What the leader has been told. */
  #known = new Map<Key, Question>()

  constructor(isSame: (a: Question, b: Question) => boolean) {
    this.#isSame = isSame
  }

  /** For these questions and no others. What it answers must be sent, or the session `reset`. */
  ask(questions: ReadonlyMap<Key, Question>): SessionRequest<Key, Question> {
    const before = this.#known
    this.#known = new Map(questions)
    if (this.#epoch === firstEpoch)
      return { sessionId: this.#id, sessionEpoch: firstEpoch, send: questions, forget: [] }
    const send = new Map<Key, Question>()
    for (const [key, question] of questions) {
      const told = before.get(key)
      if (told === undefined || !this.#isSame(told, question)) send.set(key, question)
    }
    const forget = [...before.keys()].filter((key) => !questions.has(key))
    return { sessionId: this.#id, sessionEpoch: this.#epoch, send, forget }
  }

  /** The leader answered well; `sessionId` 0: it keeps no session for us, all is to be told again. */
  answered(sessionId: number): void {
    this.#id = sessionId
    if (sessionId === noSession) this.#epoch = firstEpoch
    else this.#epoch = this.#epoch === epochMax ? 1 : this.#epoch + 1
  }

  /** The connection broke, or the leader refused the session: all is to be told again. */
  reset(): void {
    this.#id = noSession
    this.#epoch = firstEpoch
  }
}
