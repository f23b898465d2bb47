import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type IndexBlock, IndexBlocks, noBlock } from '../../src/log/index-blocks.ts'

interface Piece {
  readonly block: IndexBlock
  readonly at: number
  readonly mark: number
}

function take(blocks: IndexBlocks, bytes: number, mark: number): Piece {
  const block = blocks.withRoomFor(bytes)
  const at = block.take()
  block.bytes.fill(mark, at, at + block.pieceBytes)
  return { block, at, mark }
}

test('pieces have room for what was asked for, and none overlap', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(9)), { maxLength: 400 })
  fc.assert(
    fc.property(steps, (drawn) => {
      const blocks = new IndexBlocks()
      const pieces: Piece[] = []
      for (const [i, [bytes, given]] of drawn.entries()) {
        const piece = take(blocks, bytes, i % 251)
        expect(piece.block.pieceBytes).toBeGreaterThanOrEqual(bytes)
        pieces.push(piece)
        for (const { block, at } of pieces.splice(0, given > 5 ? given - 5 : 0))
          blocks.give(block, at)
        for (const { block, at, mark } of pieces)
          expect(
            block.bytes.subarray(at, at + block.pieceBytes).every((byte) => byte === mark),
          ).toBe(true)
      }
    }),
    { numRuns: 30 },
  )
})

test('a block is given to others again until nothing is left in it', () => {
  const blocks = new IndexBlocks()
  const pieces = Array.from({ length: 16 }, (_, i) => take(blocks, 2000, i))
  const { block } = pieces[0]!
  // Eight pieces of 2 KiB in each.
  expect(pieces.filter((piece) => piece.block === block)).toHaveLength(8)
  for (const piece of pieces) if (piece.block !== block) blocks.give(piece.block, piece.at)
  blocks.give(block, pieces[3]!.at)
  expect(take(blocks, 2000, 0)).toMatchObject({ block, at: pieces[3]!.at })
  for (const { at } of pieces.slice(0, 8)) blocks.give(block, at)
  expect(take(blocks, 2000, 0).block).not.toBe(block)
})

test('an index without entries takes nothing', () => {
  expect(new IndexBlocks().withRoomFor(0)).toBe(noBlock)
})
