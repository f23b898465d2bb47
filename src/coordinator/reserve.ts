/**
 * Room on the disk that only the coordinator may use: a file that is given up when the disk is full.
 *
 * A full disk must not keep a dead broker in the lead. What is written then are elections, in-sync
 * replicas and what frees room; requests that would make the metadata grow are refused meanwhile.
 */
import type { Env, Timer } from '../env/env.ts'

/** Some thousands of elections and changes of in-sync replicas. */
const reserveBytes = 512 * 1024

/** Between two looks whether the disk has room for the reserve again. */
const retryMs = 1000

export class Reserve {
  readonly #env: Env
  readonly #directory: string
  readonly #path: string
  #isThere = false
  #timer: Timer | undefined

  constructor(env: Env, directory: string) {
    this.#env = env
    this.#directory = directory
    this.#path = `${directory}/.reserve`
  }

  get isThere(): boolean {
    return this.#isThere
  }

  /** Takes the room, and goes on trying while there is none. */
  keep(): void {
    this.#timer = undefined
    const { files, log } = this.#env
    if (files.stat(this.#path)?.sizeBytes === reserveBytes) {
      this.#isThere = true
      return
    }
    try {
      // As much again, so that others do not find the disk full at once.
      if (files.space(this.#directory).usableBytes >= 2 * reserveBytes) {
        files.replaceFile(this.#path, Buffer.alloc(reserveBytes, 'reserve '))
        this.#isThere = true
      }
    } catch (error) {
      log.warn('Could not keep room in reserve for the coordinator', { error })
      const half = `${this.#path}.tmp`
      if (files.stat(half) !== undefined) files.unlink(half)
    }
    if (!this.#isThere) this.#timer = this.#env.timers.after(retryMs, () => this.keep())
  }

  /** False when it was given up before. */
  giveUp(): boolean {
    if (!this.#isThere) return false
    this.#isThere = false
    this.#env.files.unlink(this.#path)
    this.#env.log.warn(
      `The disk is full: the coordinator uses the ${reserveBytes} bytes that it kept in reserve, and refuses requests that make the metadata grow until there is room again`,
      { path: this.#path },
    )
    this.#timer = this.#env.timers.after(retryMs, () => this.keep())
    return true
  }

  close(): void {
    this.#timer?.cancel()
  }
}
