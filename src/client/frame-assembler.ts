/**
 * Puts the answers of a broker together from the chunks of a socket.
 *
 * Each answer gets memory of its own: records of a fetch outlive the chunk they came in.
 */

/** Larger than any answer that a broker sends on purpose: a bigger size means it is not Kafka. */
const frameBytesMax = 512 * 1024 * 1024

export class FrameAssembler {
  readonly #onFrame: (frame: Buffer) => void
  readonly #prefix = Buffer.alloc(4)
  #prefixBytes = 0
  #frame: Buffer | undefined
  #frameBytes = 0

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame
  }

  /** Throws NotKafka when a size makes no sense; what the peer said first is in the error. */
  feed(chunk: Buffer): void {
    let position = 0
    while (position < chunk.length) {
      if (this.#frame === undefined) {
        const missing = Math.min(4 - this.#prefixBytes, chunk.length - position)
        chunk.copy(this.#prefix, this.#prefixBytes, position, position + missing)
        this.#prefixBytes += missing
        position += missing
        if (this.#prefixBytes < 4) return
        const size = this.#prefix.readInt32BE(0)
        if (size < 4 || size > frameBytesMax)
          throw new NotKafka(Buffer.concat([this.#prefix, chunk.subarray(position)]))
        this.#frame = size > 65_536 ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size)
        this.#frameBytes = 0
      }
      const frame = this.#frame
      const taken = Math.min(frame.length - this.#frameBytes, chunk.length - position)
      chunk.copy(frame, this.#frameBytes, position, position + taken)
      this.#frameBytes += taken
      position += taken
      if (this.#frameBytes < frame.length) return
      this.#frame = undefined
      this.#prefixBytes = 0
      this.#onFrame(frame)
    }
  }

  /** Bytes of a frame that has begun and is not complete. */
  get partialBytes(): Buffer {
    return this.#prefix.subarray(0, this.#prefixBytes)
  }
}

export type Language = 'HTTP' | 'TLS' | 'SSH' | 'SMTP or FTP' | 'unknown'

/** Whoever listens there speaks another language. */
export class NotKafka extends Error {
  readonly language: Language

  constructor(said: Buffer) {
    const language = languageOf(said)
    super(
      language === 'unknown'
        ? `the peer does not speak Kafka: it said 0x${said.subarray(0, 16).toString('hex')}`
        : language === 'TLS'
          ? 'the port speaks TLS, not plain Kafka: set security.protocol to SSL or SASL_SSL'
          : `the port speaks ${language}, not Kafka`,
    )
    this.language = language
  }
}

/** Guesses a protocol by the first bytes that a server sends. */
export function languageOf(said: Buffer): Language {
  const text = said.subarray(0, 8).toString('latin1')
  if (text.startsWith('HTTP/') || text.startsWith('<')) return 'HTTP'
  if (text.startsWith('SSH-')) return 'SSH'
  if (/^\d{3}[ -]/.test(text)) return 'SMTP or FTP'
  // A TLS record: alert (21) or handshake (22), version 3.x.
  if ((said[0] === 0x15 || said[0] === 0x16) && said[1] === 3) return 'TLS'
  return 'unknown'
}
