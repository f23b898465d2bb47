/** A bound on what is held or taken, as monitoring sees it: what there is, what there may be, what it cost. */
export interface Limit {
  readonly used: number
  readonly max: number
  /** How often something was refused, dropped or held up for it. */
  readonly refused: number
}

/** A bound on each of many, one after the other: what is told is the largest so far. */
export class LimitOfEach implements Limit {
  readonly max: number
  used = 0
  refused = 0

  constructor(max: number) {
    this.max = max
  }

  took(size: number): void {
    if (size > this.used) this.used = size
  }
}
