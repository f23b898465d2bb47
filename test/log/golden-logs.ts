import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const packed = join(import.meta.dirname, 'golden/logs.json.gz')
export const goldenFiles = new Map(
  Object.entries(
    JSON.parse(gunzipSync(readFileSync(packed)).toString()) as Record<string, string>,
  ).map(([path, content]) => [path, Buffer.from(content, 'base64')]),
)

/** Writes the files of a golden folder to a directory. */
export function unpackGolden(folder: string, to: string): void {
  for (const [path, content] of goldenFiles) {
    if (!path.startsWith(`${folder}/`)) continue
    const target = join(to, path.slice(folder.length + 1))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
  }
}

/** The partitions of a folder: their names. */
export function partitionsOf(folder: string): string[] {
  const names = [...goldenFiles.keys()]
    .filter((path) => path.startsWith(`${folder}/`) && path.split('/').length === 3)
    .map((path) => path.split('/')[1]!)
  return [...new Set(names)]
}

/** What Kafka's dump-log said of each file of a partition, without what it says about holes in offsets. */
export function goldenDump(folder: string, partition: string): Map<string, string[]> {
  const sections = new Map<string, string[]>()
  let lines: string[] = []
  const text = goldenFiles.get(`${folder}/${partition}.dump.txt`)!.toString()
  for (const line of text.trimEnd().split('\n')) {
    const [, file] = /^Dumping (.*)$/.exec(line) ?? []
    if (file !== undefined) {
      lines = []
      sections.set(file, lines)
    } else if (/^Non-consecutive|^Found timestamp mismatch/.test(line)) lines = []
    else if (!/ is empty\.$|^Log starting offset|^Index timestamp|^Mismatches/.test(line))
      lines.push(line)
  }
  return sections
}

/** Start and end of each log of a folder, as the broker told them. */
export function goldenEnds(folder: string): Map<string, { start: number; end: number }> {
  const text = goldenFiles.get(`${folder}/ends.txt`)!.toString()
  return new Map(
    [...text.matchAll(/^(\S+) start (\d+) end (\d+)$/gm)].map(([, name, start, end]) => [
      name!,
      { start: Number(start), end: Number(end) },
    ]),
  )
}
