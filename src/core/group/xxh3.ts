/**
 * XXH3, 64 bits, seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
 *
 * Kafka keeps this hash of a group's topics in `ConsumerGroupMetadataValue`: with another hash a
 * group that moves between Kafka and us would rebalance for nothing. Short inputs with BigInt; long
 * ones, topics of thousands of partitions, without it where it counts: they must not hold up the loop.
 */
const mask = (1n << 64n) - 1n
const prime32 = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn] as const
const prime64 = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const
const secret = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb' +
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
)

const viewOf = ({ buffer, byteOffset, byteLength }: Buffer) =>
  new DataView(buffer, byteOffset, byteLength)
const secretView = viewOf(secret)
const u64 = (bytes: Buffer, at: number) => bytes.readBigUInt64LE(at)
const u32 = (bytes: Buffer, at: number) => BigInt(bytes.readUInt32LE(at))

function avalanche(hash: bigint): bigint {
  let h = hash ^ (hash >> 37n)
  h = (h * 0x165667919e3779f9n) & mask
  return h ^ (h >> 32n)
}

function avalanche64(hash: bigint): bigint {
  let h = hash ^ (hash >> 33n)
  h = (h * prime64[1]) & mask
  h ^= h >> 29n
  h = (h * prime64[2]) & mask
  return h ^ (h >> 32n)
}

function foldedProduct(a: bigint, b: bigint): bigint {
  const product = a * b
  return (product & mask) ^ (product >> 64n)
}

const swap64 = (value: bigint): bigint => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.readBigUInt64BE()
}
const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & mask

function upTo16(input: Buffer): bigint {
  const length = input.length
  if (length > 8) {
    const low = u64(secret, 24) ^ u64(secret, 32) ^ u64(input, 0)
    const high = u64(secret, 40) ^ u64(secret, 48) ^ u64(input, length - 8)
    return avalanche((BigInt(length) + swap64(low) + high + foldedProduct(low, high)) & mask)
  }
  if (length >= 4) {
    const both = u32(input, length - 4) + (u32(input, 0) << 32n)
    let h = both ^ (u64(secret, 8) ^ u64(secret, 16))
    h ^= rotate(h, 49n) ^ rotate(h, 24n)
    h = (h * 0x9fb21c651e98df25n) & mask
    h ^= (h >> 35n) + BigInt(length)
    h = (h * 0x9fb21c651e98df25n) & mask
    return h ^ (h >> 28n)
  }
  if (length > 0) {
    const combined =
      (BigInt(input[0]!) << 16n) |
      (BigInt(input[length >> 1]!) << 24n) |
      BigInt(input[length - 1]!) |
      (BigInt(length) << 8n)
    return avalanche64(combined ^ (u32(secret, 0) ^ u32(secret, 4)))
  }
  return avalanche64(u64(secret, 56) ^ u64(secret, 64))
}

const mix16 = (input: Buffer, at: number, secretAt: number): bigint =>
  foldedProduct(
    u64(input, at) ^ u64(secret, secretAt),
    u64(input, at + 8) ^ u64(secret, secretAt + 8),
  )

function upTo128(input: Buffer): bigint {
  const length = input.length
  let h = BigInt(length) * prime64[0]
  for (let i = Math.floor((length - 1) / 32); i >= 0; i--) {
    h += mix16(input, 16 * i, 32 * i) + mix16(input, length - 16 * (i + 1), 32 * i + 16)
  }
  return avalanche(h & mask)
}

function upTo240(input: Buffer): bigint {
  const length = input.length
  let h = BigInt(length) * prime64[0]
  for (let i = 0; i < 8; i++) h += mix16(input, 16 * i, 16 * i)
  h = avalanche(h & mask)
  for (let i = 8; i < Math.floor(length / 16); i++) h += mix16(input, 16 * i, 16 * (i - 8) + 3)
  return avalanche((h + mix16(input, length - 16, 136 - 17)) & mask)
}

/** Eight unsigned 64-bit numbers in halves: in a BigInt each step would make an object. */
interface Lanes {
  readonly low: Uint32Array
  readonly high: Uint32Array
}

const half = 2 ** 32

/** A lane more by a number whose halves may be a little more than 32 bits. */
function add({ low, high }: Lanes, lane: number, addLow: number, addHigh: number): void {
  const sum = low[lane]! + addLow
  low[lane] = sum
  high[lane] = high[lane]! + addHigh + Math.floor(sum / half)
}

function accumulate(lanes: Lanes, input: DataView, at: number, secretAt: number): void {
  for (let i = 0; i < 8; i++) {
    const low = input.getUint32(at + 8 * i, true)
    const high = input.getUint32(at + 8 * i + 4, true)
    const a = (low ^ secretView.getUint32(secretAt + 8 * i, true)) >>> 0
    const b = (high ^ secretView.getUint32(secretAt + 8 * i + 4, true)) >>> 0
    add(lanes, i ^ 1, low, high)
    // a * b, in pieces that a number holds exactly.
    const lows = (a & 0xffff) * (b & 0xffff)
    const middle = (a & 0xffff) * (b >>> 16) + (a >>> 16) * (b & 0xffff) + (lows >>> 16)
    const productLow = (((middle & 0xffff) << 16) | (lows & 0xffff)) >>> 0
    add(lanes, i, productLow, (a >>> 16) * (b >>> 16) + Math.floor(middle / 0x10000))
  }
}

function long(input: Buffer): bigint {
  const length = input.length
  const start = [
    prime32[2],
    prime64[0],
    prime64[1],
    prime64[2],
    prime64[3],
    prime32[1],
    prime64[4],
    prime32[0],
  ]
  const lanes = {
    low: Uint32Array.from(start, (lane) => Number(lane & 0xffffffffn)),
    high: Uint32Array.from(start, (lane) => Number(lane >> 32n)),
  }
  const view = viewOf(input)
  const stripesPerBlock = (secret.length - 64) / 8
  const stripes = Math.floor((length - 1) / 64)
  for (let stripe = 0; stripe < stripes; stripe++) {
    const inBlock = stripe % stripesPerBlock
    accumulate(lanes, view, 64 * stripe, 8 * inBlock)
    if (inBlock === stripesPerBlock - 1) scramble(lanes)
  }
  accumulate(lanes, view, length - 64, secret.length - 64 - 7)
  let h = BigInt(length) * prime64[0]
  for (let i = 0; i < 4; i++) {
    h += foldedProduct(
      laneOf(lanes, 2 * i) ^ u64(secret, 11 + 16 * i),
      laneOf(lanes, 2 * i + 1) ^ u64(secret, 11 + 16 * i + 8),
    )
  }
  return avalanche(h & mask)
}

const laneOf = ({ low, high }: Lanes, lane: number) =>
  (BigInt(high[lane]!) << 32n) | BigInt(low[lane]!)

/** Once in a kilobyte. */
function scramble(lanes: Lanes): void {
  for (let i = 0; i < 8; i++) {
    const lane = laneOf(lanes, i)
    const next =
      ((lane ^ (lane >> 47n) ^ u64(secret, secret.length - 64 + 8 * i)) * prime32[0]) & mask
    lanes.low[i] = Number(next & 0xffffffffn)
    lanes.high[i] = Number(next >> 32n)
  }
}

/** As a signed 64-bit number, as Java has it. */
export function xxh3(input: Buffer): bigint {
  const length = input.length
  const hash =
    length <= 16
      ? upTo16(input)
      : length <= 128
        ? upTo128(input)
        : length <= 240
          ? upTo240(input)
          : long(input)
  return BigInt.asIntN(64, hash)
}
