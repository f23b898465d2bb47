/** What a command of the tree works with: a cluster, the answer's format, and where to print. */
import type { Command } from 'commander'
import { Cluster } from '../client/cluster.ts'
import type { KafkaError } from '../client/kafka-error.ts'
import { nodeEnv } from '../env/node.ts'
import { clientOptionsOf, Properties } from './client-config.ts'
import { Failure } from './failure.ts'
import { nearest } from './nearest.ts'
import { Output, wantsColor } from './output.ts'
import { gatherSettings, type Setting } from './settings.ts'
import { type Cell, tableLines } from './table.ts'
import type { GlobalOptions } from './tree.ts'

/** Administration that takes longer is stuck. */
const operationTimeoutMs = 30_000

export class Session {
  readonly options: GlobalOptions
  readonly settings: ReadonlyMap<string, Setting>
  readonly properties: Properties
  readonly out = new Output()
  readonly color: boolean
  #cluster: Cluster | undefined
  #failed = false

  constructor(options: GlobalOptions) {
    this.options = options
    this.settings = gatherSettings({
      bootstrap: options.bootstrapServer,
      properties: options.property,
      files: options.configFile,
      commandConfig: options.commandConfig,
      onUnknown: (name, path) =>
        this.say(`${path}: ${name} is no property of a client, and passed over`),
      profile: options.profile,
    })
    if (!this.settings.has('bootstrap.servers'))
      this.settings = new Map([
        ...this.settings,
        ['bootstrap.servers', { value: 'localhost:9092', source: 'default' }],
      ])
    this.properties = new Properties(
      new Map([...this.settings].map(([name, { value }]) => [name, value])),
    )
    this.color = wantsColor(process.stdout, options.color)
  }

  get cluster(): Cluster {
    this.#cluster ??= new Cluster(nodeEnv({ level: this.options.debug ? 'debug' : 'error' }), {
      operationTimeoutMs: (this.options.timeout ?? operationTimeoutMs / 1000) * 1000,
      ...clientOptionsOf(this.properties),
    })
    return this.#cluster
  }

  get format(): 'table' | 'json' | 'kafka' {
    return this.options.format ?? 'table'
  }

  /** One JSON document, indented for a person's eyes, on one line in a pipe. */
  json(value: unknown): void {
    this.out.line(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined))
  }

  table(header: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const lines = tableLines(header, rows, this.color)
    for (const line of this.options.headers === false ? lines.slice(1) : lines) this.out.line(line)
  }

  /** To standard error, unless quiet. */
  say(text: string): void {
    if (!this.options.quiet) process.stderr.write(`${text}\n`)
  }

  /** One of several things failed: said, and the exit code will be 1. */
  itemFailed(error: KafkaError | Error): void {
    this.#failed = true
    process.stderr.write(`ottla: ${error.message}\n`)
  }

  /** A topic that does not exist, with the name that was probably meant. */
  async unknownTopic(name: string): Promise<Failure> {
    const names = (await this.cluster.refresh('all')).map((topic) => topic.name)
    const near = nearest(name, names)
    return new Failure(`There is no topic "${name}"${near ? `, did you mean "${near}"?` : ''}`)
  }

  close(): void {
    // First: what cannot be written any more must not keep the connections open.
    this.#cluster?.close()
    this.out.flush()
    if (this.#failed) process.exitCode = 1
  }
}

/** Makes an action of commander: opens a session, runs, closes it whatever happens. */
export function withSession<Args extends unknown[]>(
  run: (session: Session, ...args: Args) => Promise<void>,
): (...args: [...Args, Command]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command
    const session = new Session(command.optsWithGlobals<GlobalOptions>())
    try {
      await run(session, ...(args.slice(0, -1) as Args))
    } finally {
      session.close()
    }
  }
}
