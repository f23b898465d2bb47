/** Times as people write them. */
import { usageFailure } from './failure.ts'

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `1h30m`, `250ms`; `undefined` when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g))
    total += Number(amount) * unitsMs[unit!]!
  return total
}

/**
 * Milliseconds since 1970: a number of them, ISO 8601 (local time unless it says another), `now`, `today`, `yesterday`, or a duration from now: `-10m`, `+1h`.
 */
export function parseTime(text: string, nowMs: number = Date.now()): number {
  const trimmed = text.trim().replace(/^@/, '')
  if (/^\d+$/.test(trimmed)) return Number(trimmed)
  if (trimmed === 'now') return nowMs
  if (trimmed === 'today') return new Date(nowMs).setHours(0, 0, 0, 0)
  if (trimmed === 'yesterday') return new Date(nowMs).setHours(-24, 0, 0, 0)
  const durationMs = parseDuration(trimmed.replace(/^[+-]/, ''))
  if (durationMs !== undefined)
    return trimmed.startsWith('+') ? nowMs + durationMs : nowMs - durationMs
  // A date alone would be read as UTC, unlike one with a time.
  const dated = /^\d{4}-\d\d-\d\d$/.test(trimmed) ? `${trimmed}T00:00` : trimmed
  const parsed = Date.parse(dated)
  if (Number.isNaN(parsed))
    throw usageFailure(`"${text}" is not a time: 2026-11-22T10:00, 1795375981085, -10m, yesterday`)
  return parsed
}
