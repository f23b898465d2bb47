/** How far long work is, on a terminal; nothing in a pipe. */

/** Writing more often costs more than it tells. */
const refreshMs = 200

export class Progress {
  readonly #unit: string
  readonly #visible: boolean
  readonly #startMs = performance.now()
  #bytes = 0
  #shownMs = 0
  #shown = false

  /** `unit` in the plural; not where somebody is typing: the line would be in the way. */
  constructor(unit: string, quiet: boolean, typing: boolean) {
    this.#unit = unit
    this.#visible = !quiet && !typing && process.stderr.isTTY === true
  }

  /** `totalBytes` 0: not known. */
  add(bytes: number, totalBytes: number, count: number): void {
    this.#bytes += bytes
    const nowMs = performance.now()
    if (!this.#visible || nowMs - this.#shownMs < refreshMs) return
    this.#shownMs = nowMs
    this.#shown = true
    const seconds = Math.max(0.001, (nowMs - this.#startMs) / 1000)
    const part =
      totalBytes > 0 ? `${Math.min(100, Math.round((this.#bytes / totalBytes) * 100))} %  ` : ''
    const rate = `${Math.round(count / seconds).toLocaleString('en')} ${this.#unit}/s`
    process.stderr.write(`\r\x1b[K${part}${count.toLocaleString('en')} ${this.#unit}  ${rate}`)
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K')
    this.#shown = false
  }
}
