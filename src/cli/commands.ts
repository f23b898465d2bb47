/** The commands of the tree. Each is a module that is loaded only when it is called. */
import type { Command } from 'commander'

export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  /** The heading in the help under which it stands. */
  readonly section: 'Records' | 'Administration' | 'Servers' | 'Tools'
  /** Adds the command to the program; `whole` makes a program with every command. */
  readonly load: () => Promise<(program: Command, whole: () => Promise<Command>) => void>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'produce',
    summary: 'Send lines of standard input, or files, to a topic',
    section: 'Records',
    load: async () => (await import('./commands/produce.ts')).registerProduce,
  },
  {
    name: 'consume',
    summary: 'Print the records of topics',
    section: 'Records',
    load: async () => (await import('./commands/consume.ts')).registerConsume,
  },
  {
    name: 'topics',
    aliases: ['topic'],
    summary: 'List, create, describe, change and delete topics',
    section: 'Administration',
    load: async () => (await import('./commands/topics.ts')).registerTopics,
  },
  {
    name: 'groups',
    aliases: ['group'],
    summary: 'List, describe, move and delete consumer groups',
    section: 'Administration',
    load: async () => (await import('./commands/groups.ts')).registerGroups,
  },
  {
    name: 'offsets',
    summary: 'Show offsets of topics, or those at a time',
    section: 'Administration',
    load: async () => (await import('./commands/offsets.ts')).registerOffsets,
  },
  {
    name: 'configs',
    aliases: ['config'],
    summary: 'Show and change configurations of topics, brokers and groups',
    section: 'Administration',
    load: async () => (await import('./commands/configs.ts')).registerConfigs,
  },
  {
    name: 'cluster',
    summary: 'Show the cluster and its health, move leaders and replicas',
    section: 'Administration',
    load: async () => (await import('./commands/cluster.ts')).registerCluster,
  },
  {
    name: 'txn',
    summary: 'Show the producers that partitions remember',
    section: 'Administration',
    load: async () => (await import('./commands/transactions.ts')).registerTransactions,
  },
  {
    name: 'quotas',
    summary: 'Show and set client quotas',
    section: 'Administration',
    load: async () => (await import('./commands/quotas.ts')).registerQuotas,
  },
  {
    name: 'broker',
    summary: 'Run a broker, a coordinator, or both in one process',
    section: 'Servers',
    load: async () => {
      // The kernel lists its locks as long as the code is loaded.
      void (await import('../env/node-lock.ts')).lockTable()
      const [{ brokerCommand }, { Node }] = await Promise.all([
        import('./commands/broker.ts'),
        import('../broker/node.ts'),
      ])
      return (program) =>
        void program.addCommand(brokerCommand((env, config) => Node.start(env, config, dieOf)))
    },
  },
  {
    name: 'coordinator',
    summary: 'Run the coordinator of a cluster of several processes',
    section: 'Servers',
    load: async () => {
      const [{ coordinatorCommand }, { Node }] = await Promise.all([
        import('./commands/coordinator.ts'),
        import('../broker/node.ts'),
      ])
      return (program) =>
        void program.addCommand(coordinatorCommand((env, config) => Node.start(env, config, dieOf)))
    },
  },
  {
    name: 'users',
    aliases: ['user'],
    summary: 'List users, set and delete their SCRAM passwords',
    section: 'Administration',
    load: async () => (await import('./commands/users.ts')).registerUsers,
  },
  {
    name: 'log',
    summary: 'Dump and verify the files of a log',
    section: 'Tools',
    load: async () => (await import('./commands/log.ts')).registerLog,
  },
  {
    name: 'connect-check',
    summary: 'Find out why a connection to a broker does not work',
    section: 'Tools',
    load: async () => (await import('./commands/connect-check.ts')).registerConnectCheck,
  },
  {
    name: 'profile',
    summary: 'Keep the properties of clusters under names',
    section: 'Tools',
    load: async () => (await import('./commands/profile.ts')).registerProfile,
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands in a shell',
    section: 'Tools',
    load: async () => (await import('./commands/completion.ts')).registerCompletion,
  },
  {
    name: 'man',
    summary: 'Print the manual page',
    section: 'Tools',
    load: async () => (await import('./commands/man.ts')).registerMan,
  },
  {
    name: 'bench',
    summary: 'Load a broker and measure it',
    section: 'Tools',
    load: async () => (await import('./commands/bench.ts')).registerBench,
  },
]

/** A restart reads what is really on the disk. */
function dieOf(error: Error): void {
  process.stderr.write(`ottla: ${error.message}; the process ends, start it again\n`)
  process.exit(1)
}
