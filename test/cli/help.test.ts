/** What `--help`, the manual page and the completion say, for every command: they have one source. */
import { expect, test } from 'vitest'
import { helpAfter, visibleOptions, walk } from '../../src/cli/command-tree.ts'
import { completionScript } from '../../src/cli/commands/completion.ts'
import { manualPage } from '../../src/cli/commands/man.ts'
import { wholeProgram } from '../../src/cli/tree.ts'

const program = await wholeProgram()
const nodes = [...walk(program)].slice(1)
const byPath = new Map(nodes.map((node) => [node.path, node.command]))

test('every command has a description, and examples in its help', () => {
  const bare = nodes.filter(
    ({ command }) => command.description() === '' || !/^Examples?:$/m.test(helpAfter(command)),
  )
  expect(bare.map(({ path }) => path)).toEqual([])
})

test('every option and argument is explained', () => {
  const unexplained = nodes.flatMap(({ path, command }) =>
    [...visibleOptions(command), ...command.registeredArguments]
      .filter(({ description }) => !description)
      .map((item) => `${path} ${'flags' in item ? item.flags : item.name()}`),
  )
  expect(unexplained).toEqual([])
})

test('examples name commands and options that there are', () => {
  const wrong = nodes.flatMap(({ command }) =>
    [...helpAfter(command).matchAll(/^ {2}.*?\bottla ((?!-)[^|>\n]*)/gm)].flatMap(
      ([, line = '']) => {
        // Behind two blanks stands what it does.
        const words = line.split(/ {2,}/)[0]!.trim().split(/\s+/)
        const depth = [3, 2, 1].find((count) => byPath.has(words.slice(0, count).join(' ')))
        if (depth === undefined) return [line]
        const found = byPath.get(words.slice(0, depth).join(' '))!
        const known = [...found.options, ...program.options].map(({ long }) => long)
        const options = words
          .filter((word) => word.startsWith('--'))
          .map((word) => word.split('=')[0]!)
        return options
          .filter((option) => !known.includes(option))
          .map((option) => `${line}: ${option}`)
      },
    ),
  )
  expect(wrong).toEqual([])
})

test('the manual has every command with its options and examples', () => {
  const manual = manualPage(program).replaceAll('\\-', '-')
  const missing = nodes.flatMap(({ path, command }) => [
    ...(manual.includes(path) ? [] : [path]),
    ...visibleOptions(command)
      .map(({ flags }) => flags)
      .filter((flags) => !manual.includes(flags)),
    ...helpAfter(command)
      .split('\n')
      .filter((line) => /^ {2}ottla/.test(line))
      .filter((line) => !manual.includes(line.replaceAll('\\', '\\e'))),
  ])
  expect(missing).toEqual([])
})

for (const shell of ['bash', 'zsh', 'fish'] as const)
  test(`the completion for ${shell} has every command and long option`, () => {
    const script = completionScript(shell, program)
    const missing = nodes.flatMap(({ path, command }) =>
      [path.split(' ').at(-1)!, ...visibleOptions(command).map(({ long }) => long?.slice(2) ?? '')]
        .filter((word) => !script.includes(word))
        .map((word) => `${path} ${word}`),
    )
    expect(missing).toEqual([])
  })
