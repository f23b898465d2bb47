/** Where `ottla` goes its own way on purpose: the bugs of kcat that cli.md §1.6 lists, what 1.8 changed, and what is a library's. */
import type { KcatCase } from './kcat-cases.ts'
import { usage } from './kcat-differences.ts'

const otherProgram = 'it is another program'
const library = "kcat's are those of librdkafka"
const later = 'Debian has kcat 1.7.1: this came with 1.8'
const noAvro = 'Debian builds kcat without Avro'
const nul = 'kcat ends at a NUL byte in a format or a delimiter (a bug: cli.md §1.6)'
const carriageReturn = 'kcat does not know \\r in delimiters, though its help says so (cli.md §1.6)'

export const ownWayCases: readonly KcatCase[] = [
  // What each says of itself
  { args: '-V', differs: { stdout: otherProgram } },
  { args: '-h', differs: { stdout: otherProgram } },
  { args: '-X list', differs: { stdout: library } },
  { args: '-X help', differs: { stdout: library } },
  { args: '-X dump', differs: { stdout: library } },
  { args: '-L -b {b} -t seed -d all', differs: { stderr: 'the log of a client is its own' } },
  // Configurations: the same where kcat is right
  { args: '-L -F {dir}/backslash.conf -t seed' },
  { args: '-L -F - -b {b} -t seed', environment: { KCAT_CONFIG: '{dir}/broken.conf' } },
  { args: '-L -t seed', environment: { KCAT_CONFIG: '{dir}/missing.conf' } },
  {
    args: '-L -X bootstrap.servers={b} -t seed -m 2',
    environment: { KCAT_CONFIG: '{dir}/elsewhere.conf' },
    differs: {
      exit: 'in kcat the file beats the flags (a bug: cli.md §1.6)',
      stdout: 'in kcat the file beats the flags',
      stderr: 'in kcat the file beats the flags',
    },
  },
  // Modes
  {
    args: '-P -C -e -b {b} -t seed -p 1',
    differs: { exit: later, stdout: later, stderr: later },
  },
  { args: '-M 1', differs: { exit: later, stdout: later, stderr: later } },
  {
    args: '-t seed:0:-1 -Q -b {b}',
    differs: {
      exit: 'kcat takes a -t before -Q for a name',
      stdout: 'kcat takes a -t before -Q for a name',
      stderr: 'kcat takes a -t before -Q for a name',
    },
  },
  {
    args: '-C -e -b {b} -t packed -r http://127.0.0.1:1',
    differs: { exit: noAvro, stdout: noAvro, stderr: noAvro },
  },
  // Bytes
  {
    args: '-P -b {b} -t {new} -D \\r',
    stdin: 'a\rb\r',
    readBack: true,
    differs: { written: carriageReturn },
  },
  {
    args: '-P -b {b} -t {new} -D \\x00',
    stdin: 'a\0b',
    readBack: true,
    differs: { exit: nul, stderr: nul, written: nul },
  },
  {
    args: '-C -e -b {b} -t seed -p 1 -f %s\\x00',
    differs: { exit: nul, stdout: nul, stderr: nul },
  },
  { args: '-C -e -b {b} -t seed -p 1 -D \\x00', differs: { stdout: nul } },
  {
    args: '-C -e -b {b} -t packed -s value=<i',
    differs: { stdout: '`<` has no effect in kcat (a bug: cli.md §1.6)' },
  },
  { args: '-C -e -b {b} -t packed -s value=>i' },
  // What was not asked for
  { args: '-C -b {b}', environment: { KCAT_CONFIG: '' }, differs: { stderr: usage } },
]
