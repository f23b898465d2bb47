/** Compressed bytes that cannot be unpacked, or that unpack to more than is allowed. */
export class CompressionError extends Error {
  override name = 'CompressionError'
  /** The data may be good: it passed the limit. */
  readonly isTooLarge: boolean

  constructor(message: string, isTooLarge = false) {
    super(message)
    this.isTooLarge = isTooLarge
  }

  static tooLarge(codec: string, bytesMax: number): CompressionError {
    return new CompressionError(`${codec}: the data unpacks to more than ${bytesMax} bytes`, true)
  }
}
