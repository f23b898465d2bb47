/** Kafka's own tools in one long Java process (java/ToolRunner.java), one command after the other. */

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { javaClasses, realKafka } from './tools.ts'

const tools = 'org.apache.kafka.tools'
/** As ../shared/real-kafka/kafka has them. */
const mains: Readonly<Record<string, string>> = {
  acls: `${tools}.AclCommand`,
  'delegation-tokens': `${tools}.DelegationTokenCommand`,
  'api-versions': `${tools}.BrokerApiVersionsCommand`,
  cluster: `${tools}.ClusterTool`,
  configs: 'kafka.admin.ConfigCommand',
  'console-consumer': `${tools}.consumer.ConsoleConsumer`,
  'console-producer': `${tools}.ConsoleProducer`,
  'consumer-groups': `${tools}.consumer.group.ConsumerGroupCommand`,
  'delete-records': `${tools}.DeleteRecordsCommand`,
  features: `${tools}.FeatureCommand`,
  'get-offsets': `${tools}.GetOffsetShell`,
  groups: `${tools}.GroupsCommand`,
  'leader-election': `${tools}.LeaderElectionCommand`,
  'log-dirs': `${tools}.LogDirsCommand`,
  'metadata-quorum': `${tools}.MetadataQuorumCommand`,
  'client-metrics': `${tools}.ClientMetricsCommand`,
  'reassign-partitions': `${tools}.reassign.ReassignPartitionsCommand`,
  topics: `${tools}.TopicCommand`,
  transactions: `${tools}.TransactionsCommand`,
}

export interface ToolOutcome {
  readonly exit: number
  readonly out: string
  readonly err: string
}

export interface ToolRunner {
  run(tool: string, args: readonly string[], input?: string): Promise<ToolOutcome>
  close(): Promise<void>
}

export function startToolRunner(): ToolRunner {
  const child = spawn(realKafka, ['class', 'ToolRunner'], {
    env: { ...process.env, REAL_KAFKA_CP: javaClasses, KAFKA_TOOL_HEAP: '256m' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting: { resolve: (outcome: ToolOutcome) => void; reject: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) =>
    waiting.shift()?.resolve(JSON.parse(line)),
  )
  child.stdin.on('error', () => {})
  let over: Error | undefined
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code) => {
      over = new Error(`The tool runner ended with ${code}`)
      for (const { reject } of waiting) reject(over)
      resolve()
    })
  })
  return {
    run(tool, args, input = '') {
      const main = mains[tool]
      if (main === undefined) throw new RangeError(`No tool is called ${tool}`)
      if (over !== undefined) return Promise.reject(over)
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.stdin.write(`${JSON.stringify({ main, args, input })}\n`)
      })
    },
    async close() {
      child.stdin.end()
      await ended
    },
  }
}
