/** `meta.properties`: whose directory this is. Java properties, as Kafka 3.7 and later write them (KIP-858). */
import type { Env } from '../env/env.ts'

const fileName = 'meta.properties'
const version = 1

export interface MetaProperties {
  readonly clusterId: string
  readonly nodeId: number
  /** Names the directory itself; 22 characters. */
  readonly directoryId: string
}

/** The directory cannot be used by this process: the message says why, in one sentence. */
export class DirectoryError extends Error {
  override name = 'DirectoryError'
}

export const metaPropertiesPath = (directory: string): string => `${directory}/${fileName}`

/** `undefined` when the directory is new. Throws DirectoryError when the file is of another release. */
export function readMetaProperties(env: Env, directory: string): MetaProperties | undefined {
  const path = metaPropertiesPath(directory)
  if (env.files.stat(path) === undefined) return undefined
  const found = new Map<string, string>()
  for (const line of env.files.readFile(path).toString().split(/\r?\n/)) {
    const match = /^\s*([^#!=:\s][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line)
    if (match) found.set(match[1]!, match[2]!.replaceAll('\\', ''))
  }
  const has = found.get('version') ?? 'none'
  if (has !== '0' && has !== String(version))
    throw new DirectoryError(
      `Data directory ${directory} has format version ${has}; this release knows 0 and ${version}`,
    )
  return {
    clusterId: found.get('cluster.id') ?? '',
    nodeId: Number(found.get('node.id') ?? found.get('broker.id') ?? -1),
    directoryId: found.get('directory.id') ?? '',
  }
}

export function writeMetaProperties(env: Env, directory: string, meta: MetaProperties): void {
  const lines = [
    '#',
    `#${new Date(env.clock.wallMs()).toUTCString()}`,
    `cluster.id=${meta.clusterId}`,
    `directory.id=${meta.directoryId}`,
    `node.id=${meta.nodeId}`,
    `version=${version}`,
    '',
  ]
  env.files.replaceFile(metaPropertiesPath(directory), Buffer.from(lines.join('\n')))
}

/** The cluster that the first used directory belongs to; `undefined` when all are new. */
export function clusterIdOf(env: Env, directories: readonly string[]): string | undefined {
  for (const directory of directories) {
    const meta = readMetaProperties(env, directory)
    if (meta && meta.clusterId !== '') return meta.clusterId
  }
  return undefined
}

/** Throws DirectoryError, with both ids, when the directory is another node's. */
export function checkMetaProperties(
  directory: string,
  meta: MetaProperties,
  expected: { readonly clusterId: string; readonly nodeId: number },
): void {
  if (meta.clusterId !== '' && meta.clusterId !== expected.clusterId)
    throw new DirectoryError(
      `Data directory ${directory} belongs to cluster ${meta.clusterId}, not to ${expected.clusterId}`,
    )
  if (meta.nodeId >= 0 && meta.nodeId !== expected.nodeId)
    throw new DirectoryError(
      `Data directory ${directory} belongs to node ${meta.nodeId}, not to ${expected.nodeId}`,
    )
}
