import { Argument, type Command } from 'commander'
import { type CommandNode, visibleCommands, visibleOptions, walk } from '../command-tree.ts'
import { Output } from '../output.ts'

export function registerCompletion(program: Command, whole: () => Promise<Command>): void {
  program
    .command('completion')
    .description('Print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const out = new Output()
      out.text(completionScript(shell, await whole()))
      out.flush()
    })
    .addHelpText(
      'after',
      '\nExamples:\n  source <(ottla completion bash)                     # in ~/.bashrc\n  ottla completion zsh > "$fpath[1]/_ottla"\n  ottla completion fish > ~/.config/fish/completions/ottla.fish',
    )
}

type Shell = 'bash' | 'zsh' | 'fish'

export function completionScript(shell: Shell, program: Command): string {
  const nodes = [...walk(program)]
  return shell === 'bash' ? bash(nodes) : shell === 'zsh' ? zsh(nodes) : fish(nodes)
}

const optionWords = (node: CommandNode, root: Command): string[] =>
  [...visibleOptions(node.command), ...visibleOptions(root)]
    .flatMap(({ long, short }) => [long, short])
    .filter((word) => word !== undefined)

/** What may stand next that is no option: subcommands, or the choices of an argument. */
const plainWords = ({ command }: CommandNode): string[] => [
  ...visibleCommands(command).map((child) => child.name()),
  ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
]

/** The values of options that have few, for a shell's `case` over `COMMAND OPTION`. */
function valueCases(nodes: readonly CommandNode[]): { pattern: string; values: string }[] {
  return nodes.flatMap(({ path, command }) =>
    visibleOptions(command).flatMap(({ long, short, argChoices }) => {
      if (argChoices === undefined) return []
      const names = [long, short].filter((name) => name !== undefined)
      const pattern = names.map((name) => (path === '' ? `*" ${name}"` : `"${path} ${name}"`))
      return [{ pattern: pattern.join('|'), values: argChoices.join(' ') }]
    }),
  )
}

function bash(nodes: readonly CommandNode[]): string {
  const root = nodes[0]!.command
  const cases = nodes.map(
    (node) =>
      `    "${node.path}") words="${[...plainWords(node), ...optionWords(node, root)].join(' ')}" ;;`,
  )
  const values = valueCases(nodes).map(
    ({ pattern, values }) => `    ${pattern}) words="${values}" ;;`,
  )
  const known = nodes.map(({ path }) => path).filter((path) => path !== '')
  return `# bash completion for ottla
_ottla() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" word words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "|${known.join('|')}|" in
      *"|\${path:+$path }$word|"*) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ \${#COMPREPLY[@]} -gt 0 || $cur == -* ]] || COMPREPLY=($(compgen -f -- "$cur"))
}
complete -o default -F _ottla ottla
`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

function zsh(nodes: readonly CommandNode[]): string {
  const root = nodes[0]!.command
  const cases = nodes.map((node) => {
    const children = visibleCommands(node.command)
    const commands = children.map((child) => quoted(`${child.name()}:${child.description()}`))
    for (const word of plainWords(node).slice(children.length)) commands.push(quoted(word))
    const options = optionWords(node, root)
    return `    ${quoted(node.path)}) commands=(${commands.join(' ')}); options=(${options.join(' ')}) ;;`
  })
  const values = valueCases(nodes).map(
    ({ pattern, values }) => `    ${pattern}) compadd -- ${values}; return ;;`,
  )
  const known = nodes.map(({ path }) => path).filter((path) => path !== '')
  return `#compdef ottla
_ottla() {
  local where="" word
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "|${known.join('|')}|" in
      *"|\${where:+$where }$word|"*) where="\${where:+$where }$word" ;;
    esac
  done
  case "$where" in
${cases.join('\n')}
  esac
  case "$where $words[CURRENT-1]" in
${values.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then compadd -- $options
  elif (( $#commands )); then _describe command commands
  else _files; fi
}
if [ "$funcstack[1]" = "_ottla" ]; then _ottla "$@"; else compdef _ottla ottla; fi
`
}

function fish(nodes: readonly CommandNode[]): string {
  const lines = ['# fish completion for ottla']
  for (const { path, command } of nodes) {
    const seen = path.split(' ').filter((word) => word !== '')
    const children = visibleCommands(command).map((child) => child.name())
    const conditions = [
      ...seen.map((word) => `__fish_seen_subcommand_from ${word}`),
      ...(children.length > 0 ? [`not __fish_seen_subcommand_from ${children.join(' ')}`] : []),
    ]
    const condition = conditions.length > 0 ? ` -n ${quoted(conditions.join('; and '))}` : ''
    for (const child of visibleCommands(command))
      lines.push(
        `complete -c ottla -f${condition} -a ${child.name()} -d ${quoted(child.description())}`,
      )
    for (const word of plainWords({ path, command }).slice(children.length))
      lines.push(`complete -c ottla -f${condition} -a ${word}`)
    for (const option of visibleOptions(command)) {
      const names = [
        option.long && `-l ${option.long.slice(2)}`,
        option.short && `-s ${option.short.slice(1)}`,
      ]
      const choices = option.argChoices && ` -x -a ${quoted(option.argChoices.join(' '))}`
      const value = choices ?? (option.required || option.optional ? ' -r' : '')
      const when = path === '' ? '' : condition
      lines.push(
        `complete -c ottla${when} ${names.filter(Boolean).join(' ')}${value} -d ${quoted(option.description)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}
