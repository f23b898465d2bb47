/**
 * Command lines that kcat and `ottla` have to answer alike. `{new}` is a topic of its own for each
 * tool (and a group), `seed` a topic with known records, `{dir}` a directory with files, `{b}` the broker.
 */
import {
  invalidAcks,
  type LineDifference,
  refused,
  refusedAgain,
  transactionRetries,
  unknownPartition,
  usage,
} from './kcat-differences.ts'

/** Why each is another one: it has to be. Of standard error also line by line. */
export interface Differences {
  readonly exit?: string
  readonly stdout?: string
  readonly written?: string
  readonly stderr?: string | readonly LineDifference[]
}

export interface KcatCase {
  readonly args: string
  readonly stdin?: string
  /** Read back what was sent to `{new}`, with both tools' own eyes, and compare that too. */
  readonly readBack?: boolean
  /** Partitions come in any order. */
  readonly unordered?: boolean
  /** What may differ, and why that is meant. */
  readonly differs?: Differences
  readonly environment?: Readonly<Record<string, string>>
}

export const kcatCases: readonly KcatCase[] = [
  // Producing
  { args: '-P -b {b} -t {new}', stdin: 'a\nb\nc\n', readBack: true },
  { args: '-P -b {b} -t {new}', stdin: 'no newline at the end', readBack: true },
  { args: '-P -b {b} -t {new}', stdin: '', readBack: true },
  { args: '-P -b {b} -t {new}', stdin: 'a\n\n\nb\n', readBack: true },
  { args: '-b {b} -t {new}', stdin: 'auto\n', readBack: true },
  { args: '-P -b {b} -t {new} -p 0', stdin: 'x\n', readBack: true },
  { args: '-P -b {b} -t {new} -K :', stdin: 'k:v\nnokey\n:emptykey\nk2:\na:b:c\n', readBack: true },
  { args: '-P -b {b} -t {new} -K : -Z', stdin: 'k:v\nnokey\n:emptykey\nk2:\n:\n', readBack: true },
  { args: '-P -b {b} -t {new} -K :: -D ;', stdin: 'k::v;k2::v2;', readBack: true },
  { args: '-P -b {b} -t {new} -D \\x2c', stdin: 'a,b,c', readBack: true },
  { args: '-P -b {b} -t {new} -D \\t', stdin: 'a\tb\tc', readBack: true },
  { args: '-P -b {b} -t {new} -k fixed', stdin: 'a\nb\n', readBack: true },
  { args: '-P -b {b} -t {new} -k fixed -K :', stdin: 'own:a\nb\n', readBack: true },
  { args: '-P -b {b} -t {new} -H a=1 -H b -H c= -H a=2', stdin: 'x\n', readBack: true },
  { args: '-P -b {b} -t {new} -z gzip', stdin: 'gz\n', readBack: true },
  { args: '-P -b {b} -t {new} -z snappy', stdin: 'sn\n', readBack: true },
  { args: '-P -b {b} -t {new} -z lz4', stdin: 'lz\n', readBack: true },
  { args: '-P -b {b} -t {new} -z zstd', stdin: 'zs\n', readBack: true },
  { args: '-P -b {b} -t {new} -c 2', stdin: 'a\nb\nc\n', readBack: true },
  {
    args: '-P -b {b} -t {new} -T',
    stdin: 'a\nb\n',
    readBack: true,
    differs: { stdout: 'kcat loses the delimiters of -T (a bug: cli.md §1.6)' },
  },
  { args: '-P -b {b} -t {new} -l {dir}/lines.txt', readBack: true },
  { args: '-P -b {b} -t {new} {dir}/one.txt {dir}/two.txt', readBack: true },
  { args: '-P -b {b} -t {new} {dir}/one.txt {dir}/missing.txt', readBack: true },
  { args: '-P -b {b} -t {new} {dir}/missing.txt' },
  { args: '-P -b {b} -t {new} -l {dir}/missing.txt' },
  { args: '-P -b {b} -t {new} -l {dir}/one.txt {dir}/two.txt' },
  { args: '-P -b {b} -t {new} -X acks=1', stdin: 'x\n', readBack: true },
  { args: '-P -b {b} -t {new} -X acks=0', stdin: 'x\n', readBack: true },
  { args: '-P -b {b} -t {new} -X enable.idempotence=true', stdin: 'x\ny\n', readBack: true },
  {
    args: '-P -b {b} -t {new} -X transactional.id={new}',
    stdin: 'x\ny\n',
    readBack: true,
    differs: { stderr: transactionRetries },
  },
  { args: '-P -b {b} -t seed -p 99', stdin: 'x\n', differs: { stderr: [unknownPartition] } },
  // Consuming
  { args: '-C -e -b {b} -t seed' },
  { args: '-C -e -q -b {b} -t seed' },
  { args: '-qCeb {b} -tseed -p1' },
  { args: '-C -e -b {b} -t seed -p 0 -K :' },
  { args: '-C -e -b {b} -t seed -p 0 -K : -Z' },
  { args: '-C -e -b {b} -t seed -p 0 -D ;' },
  {
    args: '-C -e -b {b} -t seed -p 0 -J',
    differs: { stdout: 'kcat writes JSON that is not valid for bytes that are not UTF-8' },
  },
  { args: '-C -e -b {b} -t seed -p 1 -J' },
  { args: ['-C -e -b {b} -t seed -p 0 -f', '%t_[%p]_%o_%k_%K_%S_%T_%h\\n'].join(' ') },
  { args: '-C -e -b {b} -t seed -p 0 -f %R%s' },
  { args: '-C -e -b {b} -t seed -p 0 -f %%\\t%s\\x41\\n' },
  { args: '-C -e -b {b} -t seed -f %q' },
  { args: '-C -e -b {b} -t seed -f %' },
  { args: '-C -e -b {b} -t seed -p 1 -o 1' },
  { args: '-C -e -b {b} -t seed -p 1 -o -2' },
  { args: '-C -e -b {b} -t seed -p 1 -o beginning -c 1' },
  { args: '-C -e -b {b} -t seed -o end' },
  { args: '-C -e -b {b} -t seed -p 1 -o s@1700000000001' },
  { args: '-C -b {b} -t seed -p 1 -o s@1700000000000 -o e@1700000000002' },
  { args: '-C -b {b} -t seed -p 1 -c 2' },
  { args: '-C -e -b {b} -t seed -p 99' },
  {
    args: '-C -e -b {b} -t no.such.topic',
  },
  { args: '-C -e -b {b} -t packed -s i' },
  { args: '-C -e -b {b} -t packed -s value=b' },
  {
    args: '-C -e -b {b} -t packed -s key=s -s value=h -f %k=%s\\n',
    differs: { stdout: 'kcat cuts text at a NUL byte' },
  },
  { args: '-C -e -b {b} -t packed -s value=q' },
  { args: '-C -e -b {b} -t seed -s value=z' },
  {
    args: '-G {new} -e -b {b} -X auto.offset.reset=earliest -p 1 seed',
    unordered: true,
  },
  {
    args: '-G {new} -e -b {b} -o beginning ^seed$',
    unordered: true,
  },
  // Metadata and offsets
  { args: '-L -b {b} -t seed' },
  { args: '-L -b {b} -t seed -J', differs: { stdout: 'kcat writes no newline at the end' } },
  {
    args: '-L -b {b} -t no.such.{new}',
    differs: { stdout: 'kcat asks the broker to create the topic that it only lists' },
  },
  { args: '-Q -b {b} -t seed:0:-1' },
  { args: '-Q -b {b} -t seed:1:1700000000001 -t seed:0:-2' },
  {
    args: '-Q -b {b} -t seed:1:1700000000001 -J',
    differs: { stdout: 'kcat writes no newline at the end' },
  },
  { args: '-Q -b {b} -t seed' },
  // Wrong command lines and configurations
  { args: '-C -b {b}', differs: { stderr: usage } },
  { args: '-C -t x', differs: { stderr: usage } },
  { args: '-Y', differs: { stderr: usage } },
  { args: '-L -b {b} surplus', differs: { stderr: usage } },
  { args: '-L -b {b} -X no.such.property=1' },
  { args: '-L -b {b} -X acks=maybe', differs: { stderr: [invalidAcks] } },
  { args: '-L -b {b} -X nonsense' },
  { args: '-L -F {dir}/kcat.conf -t seed' },
  { args: '-L -F {dir}/missing.conf' },
  { args: '-L -t seed', environment: { KCAT_CONFIG: '{dir}/kcat.conf' } },
  { args: '-P -b {b} -t {new} -D', differs: { stderr: usage } },
  { args: '-P -b {b} -t {new} -H =x', stdin: 'x\n' },
  { args: '-C -b {b} -t seed -s value=' },
  { args: '-L -m 1 -b 127.0.0.1:1', differs: { stderr: [refused('producer')] } },
  { args: '-C -m 1 -b 127.0.0.1:1 -t x', differs: { stderr: [refused('consumer')] } },
  {
    args: '-P -m 1 -b 127.0.0.1:1 -t x',
    stdin: 'x\n',
    differs: { stderr: [refused('producer'), refusedAgain] },
  },
]
