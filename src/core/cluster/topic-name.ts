/** Which names topics may have (behaviours A-1). */

const nameLengthMax = 249

/** Why it may not be a topic's name, or undefined. */
export function topicNameFault(name: string): string | undefined {
  const prefix = 'Topic name is invalid: '
  if (name === '') return `${prefix}the empty string is not allowed`
  if (name === '.' || name === '..') return `${prefix}'${name}' is not allowed`
  if (name.length > nameLengthMax)
    return `${prefix}the length of '${name}' is longer than the max allowed length ${nameLengthMax}`
  if (!/^[a-zA-Z0-9._-]+$/.test(name))
    return `${prefix}'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  return undefined
}

/** Names that differ in "." and "_" only would share the names of metrics. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
