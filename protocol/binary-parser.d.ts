/** The part of binary-parser that `fixed.ts` uses: its own types are left out of its `exports`. */
declare module 'binary-parser' {
  type Named = (name: string, options?: { formatter(value: bigint): number }) => Parser
  export class Parser {
    static start(): Parser
    endianness(order: 'big' | 'little'): Parser
    int8: Named
    int16: Named
    int32: Named
    uint32: Named
    int64: Named
    create(result: new () => object): Parser
    parse(bytes: Uint8Array): Record<string, number>
  }
}
