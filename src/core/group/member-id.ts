/** Member ids in the two forms that Kafka gives them, from 16 random bytes. */

/** `prefix-` and a UUID of version 4. */
export function classicMemberId(prefix: string, entropy: Buffer): string {
  const bytes = Buffer.from(entropy)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  const uuid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ]
  return `${prefix}-${uuid.join('-')}`
}

/** 22 characters of base64url that do not begin with a dash, which tools take for an option. */
export function consumerMemberId(entropy: Buffer): string {
  const id = entropy.subarray(0, 16).toString('base64url')
  return id.startsWith('-') ? `A${id.slice(1)}` : id
}
