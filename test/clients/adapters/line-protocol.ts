/** The clients that are programs of ours in another language; README.md tells what they speak. */
import type { Adapter } from '../adapter.ts'
import { run } from '../process.ts'
import { codecs, type NewRecord, type ReadRecord } from '../record.ts'
import { franzGo, javaClasses, python, realKafka, repository } from '../tools.ts'

/** How to start a program: what stands before its arguments. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
}

const tell = (data: Buffer | null) => (data === null ? null : data.toString('base64'))
const hear = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'))

function toLine(record: NewRecord): string {
  return JSON.stringify({
    partition: record.partition,
    key: tell(record.key),
    value: tell(record.value),
    headers: record.headers.map(([name, value]) => [name, tell(value)]),
    timestamp: record.timestamp ?? null,
  })
}

export function fromLine(line: string): ReadRecord {
  const read = JSON.parse(line)
  return {
    ...read,
    key: hear(read.key),
    value: hear(read.value),
    headers: read.headers.map(([name, value]: [string, string | null]) => [name, hear(value)]),
  }
}

const linesOf = (stdout: Buffer) => stdout.toString().split('\n').filter(Boolean)

function lineClient(name: string, program: Program, valueBytesMax: number): Adapter {
  const call = (args: string[], input = '', timeoutMs = 120_000) =>
    run(program.command, [...program.args, ...args], { input, env: program.env ?? {}, timeoutMs })
  return {
    name,
    writer: {
      codecs,
      can: () => true,
      partitions: 3,
      valueBytesMax,
      async produce(target, topic, records, codec) {
        const input = `${records.map(toLine).join('\n')}\n`
        const { stdout } = await call(['produce', target.bootstrap, topic, codec], input)
        const answers = linesOf(stdout).map((line) => JSON.parse(line))
        const wrong = answers.filter(
          (answer, i) => answer.error !== undefined || answer.partition !== records[i]?.partition,
        )
        if (wrong.length > 0 || answers.length !== records.length) {
          const what = `${answers.length} answers to ${records.length} records`
          throw new Error(`${what}; wrong: ${JSON.stringify(wrong.slice(0, 3))}`)
        }
      },
    },
    reader: {
      codecs,
      rendering: 'bytes',
      inGroups: false,
      async consume(target, wanted) {
        const ends = Object.fromEntries(
          [...wanted].map(([topic, partitions]) => [topic, Object.fromEntries(partitions)]),
        )
        const records = [...wanted.values()].flatMap((each) => [...each.values()])
        // A long run of crashes leaves a million: a record for each fifth of a millisecond.
        const limitMs = records.reduce((sum, end) => sum + end / 5, 60_000)
        const { stdout } = await call(
          ['consume', target.bootstrap, JSON.stringify(ends)],
          '',
          limitMs,
        )
        const found = new Map<string, ReadRecord[]>([...wanted.keys()].map((topic) => [topic, []]))
        for (const line of linesOf(stdout)) found.get(JSON.parse(line).topic)?.push(fromLine(line))
        return found
      },
    },
  }
}

export const confluentProgram: Program = {
  command: python,
  args: [`${repository}/test/clients/confluent/client.py`],
}
export const franzGoProgram: Program = { command: franzGo, args: [] }
export const javaProgram: Program = {
  command: realKafka,
  args: ['class', 'TestClient'],
  env: { REAL_KAFKA_CP: javaClasses, KAFKA_TOOL_HEAP: '256m' },
}

/** A member of a group, in JavaScript: ../members/member.ts. */
export const memberProgram = (name: 'kafkajs' | 'platformatic' | 'ottla'): Program => ({
  command: process.execPath,
  args: ['--import', 'tsx', `${repository}/test/clients/members/${name}.ts`],
})

/** librdkafka's `message.max.bytes`: 1,000,000 with the overhead of a batch and a record. */
export const confluent = lineClient('confluent', confluentProgram, 999_900)
/** The default of `max.message.bytes` less the overhead; franz-go's own limit is 1,000,012. */
export const franz = lineClient('franz-go', franzGoProgram, 999_900)
/** Java's `max.request.size`: 1,048,576 with overhead. */
export const java = lineClient('java', javaProgram, 1_048_400)
