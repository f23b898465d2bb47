/** The tree of commands as data: for completion and the manual. */
import type { Command } from 'commander'

export interface CommandNode {
  /** From the program on: `topics create`; empty for the program. */
  readonly path: string
  readonly command: Command
}

/** The command and all below it that is shown, in their order. */
export function* walk(command: Command, path = ''): Generator<CommandNode> {
  yield { path, command }
  for (const child of visibleCommands(command))
    yield* walk(child, path === '' ? child.name() : `${path} ${child.name()}`)
}

/** Without those that work for other Kafkas only. */
export function visibleCommands(command: Command): Command[] {
  const shown = command.createHelp().visibleCommands(command)
  return command.commands.filter((child) => shown.includes(child))
}

export const visibleOptions = (command: Command) => command.options.filter(({ hidden }) => !hidden)

/** What `--help` says behind the options, examples above all. */
export function helpAfter(command: Command): string {
  const parts: string[] = []
  const emitter = command as Command & { emit(event: string, context: object): boolean }
  emitter.emit('afterHelp', { error: false, command, write: (text: string) => parts.push(text) })
  return parts.join('').trim()
}
