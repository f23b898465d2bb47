/** The commands of the tree. Each is a module that is loaded only when it is called. */
import type { Command } from 'commander'

export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  /** The heading in the help under which it stands. */
  readonly section: 'Records' | 'Administration' | 'Servers' | 'Tools'
  /** Adds the command to the program. */
  readonly load: () => Promise<(program: Command) => void>
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
]
