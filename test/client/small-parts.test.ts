import { expect, test } from 'vitest'
import { range, roundRobin } from '../../src/client/assignors.ts'
import { parseEndpoints } from '../../src/client/client-options.ts'
import { FrameAssembler, languageOf } from '../../src/client/frame-assembler.ts'
import { ScramClient } from '../../src/client/scram.ts'

test('broker addresses have a default port, may be IPv6, and may carry a scheme', () => {
  expect(parseEndpoints('a, b:19092,[::1]:9,PLAINTEXT://c:1,::1')).toEqual([
    { host: 'a', port: 9092 },
    { host: 'b', port: 19092 },
    { host: '::1', port: 9 },
    { host: 'c', port: 1 },
    { host: '::1', port: 9092 },
  ])
  expect(() => parseEndpoints('a:b')).toThrow('"a:b" is not a broker address')
  expect(() => parseEndpoints(' ')).toThrow('No broker address')
})

test('answers come whole out of any chunks', () => {
  const frames = ['', 'x', 'y'.repeat(70_000)].map((text) => {
    const body = Buffer.from(`corr${text}`)
    const frame = Buffer.alloc(4 + body.length)
    frame.writeInt32BE(body.length)
    body.copy(frame, 4)
    return frame
  })
  const stream = Buffer.concat(frames)
  const sizesFor = (chunkBytes: number) => {
    const sizes: number[] = []
    const assembler = new FrameAssembler((frame) => sizes.push(frame.length))
    for (let at = 0; at < stream.length; at += chunkBytes)
      assembler.feed(stream.subarray(at, at + chunkBytes))
    return sizes
  }
  const expected = [4, 5, 70_004]
  expect([1, 3, 7, 65_536, stream.length].map(sizesFor)).toEqual(
    [1, 2, 3, 4, 5].map(() => expected),
  )
})

test('what is not Kafka is recognised by its first bytes', () => {
  expect(
    ['HTTP/1.1 400 Bad', 'SSH-2.0-OpenSSH', '220 mail', '\x15\x03\x03\x00\x02', 'what'].map(
      (text) => languageOf(Buffer.from(text, 'latin1')),
    ),
  ).toEqual(['HTTP', 'SSH', 'SMTP or FTP', 'TLS', 'unknown'])
  const assembler = new FrameAssembler(() => {})
  expect(() => assembler.feed(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow(
    'the port speaks HTTP, not Kafka',
  )
})

test('SCRAM-SHA-256 speaks the exchange of RFC 7677', () => {
  const client = new ScramClient('sha256', 'user', 'pencil', 'rOprNGfwEbeRWgbNEkqO')
  const serverFirst =
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
  expect([client.first().toString(), client.final(Buffer.from(serverFirst)).toString()]).toEqual([
    'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  ])
  client.verify(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))
  expect(() => client.verify(Buffer.from('v=AAAA'))).toThrow('could not prove')
})

test('a SCRAM server that asks for few rounds, or changes the nonce, is not trusted', () => {
  const client = new ScramClient('sha512', 'u', 'p', 'abc')
  expect(() => client.final(Buffer.from('r=abcd,s=AAAA,i=1'))).toThrow('1 iterations')
  expect(() => client.final(Buffer.from('r=xyz,s=AAAA,i=4096'))).toThrow('nonce')
})

test('range gives stretches, roundrobin deals cards', () => {
  const member = (memberId: string, ...topics: string[]) => ({
    memberId,
    groupInstanceId: null,
    topics,
  })
  const members = [member('b', 'x', 'y'), member('a', 'x')]
  const counts = new Map([
    ['x', 3],
    ['y', 2],
  ])
  const text = (assignment: Map<string, { topic: string; partition: number }[]>) =>
    Object.fromEntries(
      [...assignment].map(([id, items]) => [
        id,
        items.map((item) => item.topic + item.partition).join(' '),
      ]),
    )
  expect([text(range(members, counts)), text(roundRobin(members, counts))]).toEqual([
    { a: 'x0 x1', b: 'x2 y0 y1' },
    { a: 'x0 x2', b: 'x1 y0 y1' },
  ])
})
