/**
 * Reading around what a disk cannot give any more (EIO): such a read is done again page by page, and pages that
 * fail are taken for zeros, which fit no checksum. What a flipped bit costs, a bad sector then costs, too: the
 * batches that lie on it (D18 of the fault catalogue).
 */
import type { File } from '../env/env.ts'

/** What the page cache asks the disk for at least. */
const pageBytes = 4096

export class ReadableParts {
  /** Why something could not be read, and where the last of it ends. */
  error: Error | undefined
  unreadableTo = 0
  readonly #file: File

  constructor(file: File) {
    this.#file = file
  }

  read(into: Buffer, offset: number, length: number, position: number): number {
    try {
      return this.#file.read(into, offset, length, position)
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    let done = 0
    for (const page of pagesOf(length, position)) {
      try {
        const count = this.#file.read(into, offset + done, page, position + done)
        if (count < page) return done + count
      } catch (error) {
        this.#blank(error, into.subarray(offset + done, offset + done + page), position + done)
      }
      done += page
    }
    return length
  }

  async readLater(into: Buffer, offset: number, length: number, position: number): Promise<number> {
    try {
      return await this.#file.readLater(into, offset, length, position)
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    let done = 0
    for (const page of pagesOf(length, position)) {
      try {
        const count = await this.#file.readLater(into, offset + done, page, position + done)
        if (count < page) return done + count
      } catch (error) {
        this.#blank(error, into.subarray(offset + done, offset + done + page), position + done)
      }
      done += page
    }
    return length
  }

  #blank(error: unknown, page: Buffer, position: number): void {
    if (!isUnreadable(error)) throw error
    page.fill(0)
    this.error = error
    this.unreadableTo = position + page.length
  }
}

function* pagesOf(length: number, position: number): Generator<number> {
  for (let done = 0; done < length; ) {
    const page = Math.min(length - done, pageBytes - ((position + done) % pageBytes))
    yield page
    done += page
  }
}

export function isUnreadable(error: unknown): error is Error {
  return (error as NodeJS.ErrnoException).code === 'EIO'
}
