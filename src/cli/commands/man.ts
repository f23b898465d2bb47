/** `ottla man`: the manual page, made from the same source as the help. */
import type { Command } from 'commander'
import { helpAfter, visibleOptions, walk } from '../command-tree.ts'
import { Output } from '../output.ts'
import { version } from '../version.ts'

export function registerMan(program: Command, whole: () => Promise<Command>): void {
  program
    .command('man')
    .description('Print the manual page')
    .action(async () => {
      const out = new Output()
      out.text(manualPage(await whole()))
      out.flush()
    })
    .addHelpText(
      'after',
      '\nExamples:\n  ottla man | man -l -\n  ottla man > /usr/local/share/man/man1/ottla.1',
    )
}

const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')

export function manualPage(program: Command): string {
  const lines = [
    `.TH OTTLA 1 "" "ottla ${roff(version)}" "User Commands"`,
    '.SH NAME',
    `ottla \\- ${roff(program.description())}`,
    '.SH SYNOPSIS',
    '.B ottla',
    '[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]',
    '.br',
    '.B ottla',
    '\\fB\\-P\\fR|\\fB\\-C\\fR|\\fB\\-L\\fR|\\fB\\-Q\\fR|\\fB\\-G\\fR \\fIgroup\\fR [\\fIkcat options\\fR]',
    '.SH OPTIONS',
    ...optionLines(program),
    '.SH COMMANDS',
    ...[...walk(program)].slice(1).flatMap(({ path, command }) => commandLines(path, command)),
    '.SH KCAT MODE',
    roff(
      'With one of kcat\'s options as the first word, or called by the name kcat, ottla is kcat: see "ottla kcat -h".',
    ),
    '.SH ENVIRONMENT',
    ...environment.flatMap(([name, text]) => ['.TP', `.B ${roff(name)}`, roff(text)]),
    '.SH FILES',
    ...files.flatMap(([name, text]) => ['.TP', `.I ${roff(name)}`, roff(text)]),
    '.SH EXIT STATUS',
    roff(
      '0: all went well. 1: something failed, or any item of several. 2: the command line is wrong. In kcat mode 0 and 1 only.',
    ),
  ]
  return `${lines.join('\n')}\n`
}

const environment = [
  ['OTTLA_BOOTSTRAP_SERVERS, KAFKA_BOOTSTRAP_SERVERS', 'Brokers to start from.'],
  ['OTTLA_PROFILE', 'The profile that counts.'],
  ['OTTLA_<PROPERTY>', 'Any property: OTTLA_SASL_PASSWORD is sasl.password.'],
  ['KCAT_CONFIG', 'A file of properties, as for kcat.'],
  ['NO_COLOR', 'No colours.'],
] as const

const files = [
  ['~/.config/ottla/ottla.conf', 'Profiles: sections of properties.'],
  ['.ottla.conf', 'Profiles of a project, found from the working directory up.'],
  ['~/.config/kcat.conf', "kcat's properties; read when no other file is named."],
] as const

function optionLines(command: Command): string[] {
  return visibleOptions(command).flatMap(({ flags, description }) => [
    '.TP',
    `.B ${roff(flags)}`,
    roff(description),
  ])
}

function commandLines(path: string, command: Command): string[] {
  const after = ['.nf', roff(helpAfter(command)), '.fi']
  if (command.commands.length > 0)
    return [`.SS ${roff(path)}`, roff(command.description()), '.PP', ...after]
  return [
    '.SS',
    `${roff(path)} ${roff(command.usage())}`,
    roff(command.description()),
    ...command.registeredArguments.flatMap((argument) => [
      '.TP',
      `.I ${roff(argument.name())}`,
      roff(argument.description),
    ]),
    ...optionLines(command),
    '.PP',
    ...after,
  ]
}
