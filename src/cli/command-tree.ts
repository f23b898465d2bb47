/** The tree of commands as data: for completion and the manual. */
import type { Command } from 'commander'

export interface CommandNode {
  /** From the program on: `topics create`; empty for the program. */
  readonly path: string
  readonly command: Command
}

/** The command and all below it, in their order. */
export function* walk(command: Command, path = ''): Generator<CommandNode> {
  yield { path, command }
  for (const child of command.commands)
    yield* walk(child, path === '' ? child.name() : `${path} ${child.name()}`)
}

export const visibleOptions = (command: Command) => command.options.filter(({ hidden }) => !hidden)
