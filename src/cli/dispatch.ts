/** kcat or the tree? Loaded with every start: it imports little. */
import { commands } from './commands.ts'
import { kcatLongOptions } from './kcat/long-options.ts'

export interface Side {
  readonly kcat: boolean
  /** How the program calls itself in its help. */
  readonly name: string
  readonly args: readonly string[]
}

/** Options of the tree that may stand before the command and have a value. */
const valued =
  /^(-b|-X|-F|--bootstrap-server|--property|--config-file|--command-config|--profile|--format|--color|--timeout)$/
const plain = /^(-q|--quiet|--debug|--no-headers|--[a-z-]+=.*)$/

/** The command of the tree, behind global options; `undefined` when there is none. */
export function commandName(args: readonly string[]): string | undefined {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (valued.test(arg)) i++
    else if (!plain.test(arg)) return arg.startsWith('-') ? undefined : arg
  }
  return undefined
}

export function chooseSide(calledAs: string, args: readonly string[]): Side {
  const program = calledAs.replace(/\.[cm]?[jt]s$/, '')
  if (program === 'kcat' || program === 'kafkacat') return { kcat: true, name: program, args }
  const first = args[0] ?? ''
  if (first === 'kcat' || first === 'kafkacat')
    return { kcat: true, name: `ottla ${first}`, args: args.slice(1) }
  const name = commandName(args)
  const isCommand = commands.some((entry) => entry.name === name || entry.aliases?.includes(name!))
  const isLong = first.startsWith('--') && kcatLongOptions.has(first.slice(2).split('=')[0]!)
  const kcat = !isCommand && ((/^-[^-]/.test(first) && first !== '-h') || isLong)
  return { kcat, name: 'ottla', args }
}
