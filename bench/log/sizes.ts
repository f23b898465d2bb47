/** How much work the benchmarks of the log do: real sizes, or small ones that only show that they run. */
export interface Sizes {
  readonly appendBytes: number
  readonly readBytes: number
  readonly seeks: number
  readonly partitions: number
  readonly recoveryBytes: number
  readonly compactionBytes: number
  readonly rounds: number
}

const mebibyte = 1024 * 1024

export const realSizes: Sizes = {
  appendBytes: 256 * mebibyte,
  readBytes: 256 * mebibyte,
  seeks: 2000,
  partitions: 10_000,
  recoveryBytes: 1024 * mebibyte,
  compactionBytes: 256 * mebibyte,
  rounds: 5,
}

export const smallSizes: Sizes = {
  appendBytes: mebibyte,
  readBytes: mebibyte,
  seeks: 20,
  partitions: 20,
  recoveryBytes: mebibyte,
  compactionBytes: mebibyte,
  rounds: 2,
}

/** One line of the result. `goal` is what the project asks of it. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal?: string
}
