/** Messages that are damaged where it hurts: lengths, counts, varints, tags and null markers become evil ones. */
import { Writer } from '../../protocol/bytes.ts'

export type Site = { at: number; size: number; kind: 'int8' | 'int16' | 'int32' | 'uvarint' }

/** Notes where the numbers of a message stand: lengths, counts, tags and markers among them. */
export class NotingWriter extends Writer {
  readonly sites: Site[] = []

  #note(kind: Site['kind'], write: () => void): void {
    const at = this.size
    const known = this.sites.length
    write()
    if (this.sites.length === known) this.sites.push({ at, size: this.size - at, kind })
  }

  override int8(value: number): void {
    this.#note('int8', () => super.int8(value))
  }

  override int16(value: number): void {
    this.#note('int16', () => super.int16(value))
  }

  override int32(value: number): void {
    this.#note('int32', () => super.int32(value))
  }

  override uvarint(value: number): void {
    const at = this.size
    const known = this.sites.length
    super.uvarint(value)
    this.sites.length = known
    this.sites.push({ at, size: this.size - at, kind: 'uvarint' })
  }

  override string(value: string): void {
    this.nullableString(value)
  }

  override nullableString(value: string | null): void {
    this.sites.push({ at: this.size, size: 2, kind: 'int16' })
    super.nullableString(value)
  }

  override compactString(value: string): void {
    this.compactNullableString(value)
  }

  override compactNullableString(value: string | null): void {
    const size = value === null || value.length < 40 ? 1 : 2
    this.sites.push({ at: this.size, size, kind: 'uvarint' })
    super.compactNullableString(value)
  }
}

const hex = (text: string) => Buffer.from(text, 'hex')
const evil: Record<Site['kind'], Buffer[]> = {
  int8: ['00', '01', '02', '7f', '80', 'ff'].map(hex),
  int16: ['0000', '0001', '7fff', '8000', 'ffff', 'fffe'].map(hex),
  int32: ['00000000', '7fffffff', '80000000', 'ffffffff', 'fffffffe', '000fffff'].map(hex),
  uvarint: [
    '00', // Null, or nothing.
    '01',
    '02',
    '7f',
    'ff7f',
    'ffffffff0f', // The largest one.
    'ffffffff1f', // 33 bits.
    'ffffffffffffffffff01', // 10 bytes: -1 as a 64 bit varint.
    '8080808080808080808000', // Overlong.
    '818000', // 1, longer than need be.
    '02050005' + '00', // As tags: two times tag 5.
    '0205000400', // Descending tags.
    '01ffffffff0f00', // A tag of 32 bits.
    '0100ffffffff0f', // A tagged field of 4 GiB.
  ].map(hex),
}

/** Marsaglia's xorshift32. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

export function damage(
  whole: Buffer,
  sites: readonly Site[],
  next: (below: number) => number,
): Buffer {
  const at = next(whole.length + 1)
  switch (next(8)) {
    case 0:
      return whole.subarray(0, at)
    case 1: {
      const flipped = Buffer.from(whole)
      for (let n = next(3); n >= 0; n--) flipped[next(whole.length)]! ^= 1 << next(8)
      return flipped
    }
    case 2: // Drops or doubles a piece.
      return Buffer.concat([whole.subarray(0, at), whole.subarray(next(whole.length + 1))])
    default: {
      const site = sites[next(sites.length)]
      if (site === undefined) return whole.subarray(0, at)
      const choices = evil[site.kind]
      return Buffer.concat([
        whole.subarray(0, site.at),
        choices[next(choices.length)]!,
        whole.subarray(site.at + site.size),
      ])
    }
  }
}
