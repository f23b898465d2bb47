/** Medians with their spread, and whether two of them can be told apart. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** `undefined` for no values at all. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const middle = Math.floor(sorted.length / 2)
  const odd = sorted.length % 2 === 1
  const median = odd ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)!, runs: sorted.length }
}

/** Above this (max − min) / median a row concludes nothing: the machine had something else to do. */
export const noisySpread = 0.25

export function isNoisy({ median, min, max }: Spread): boolean {
  return (max - min) / median > noisySpread
}
