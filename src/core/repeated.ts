/** What stands in a list more than once, in one pass: a client decides how long the list is. */
export function repeated<T>(items: Iterable<T>): ReadonlySet<T> {
  const seen = new Set<T>()
  const again = new Set<T>()
  for (const item of items) (seen.has(item) ? again : seen).add(item)
  return again
}
