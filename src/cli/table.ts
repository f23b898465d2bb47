/** Tables for people: columns two blanks apart, numbers to the right. */

export type Cell = string | number | boolean | null | undefined

const text = (cell: Cell): string => (cell === null || cell === undefined ? '-' : String(cell))

/** Lines without a newline at their end; the header is bold when `color`. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  color: boolean,
): string[] {
  const cells = rows.map((row) => row.map(text))
  const widths = header.map((name, i) =>
    cells.reduce((width, row) => Math.max(width, (row[i] ?? '').length), name.length),
  )
  const numeric = header.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number' || row[i] === null),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  const head = line(header)
  return [color ? `\x1b[1m${head}\x1b[22m` : head, ...cells.map(line)]
}
