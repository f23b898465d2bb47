/** `--grep`: which records to show, by what is in them. */
import type { FetchedRecords } from '../../client/fetched-records.ts'
import { usageFailure } from '../failure.ts'

export type Filter = (records: FetchedRecords) => boolean

/** `regex` (value), `k:regex`, `v:regex`, `h:NAME=regex`, `h:NAME`; `!` in front turns it around. */
export function grepFilter(text: string): Filter {
  const match = /^(!?)(?:(k|v|h):)?([\s\S]*)$/.exec(text)!
  const [, not, field = 'v', rest = ''] = match
  const found = field === 'h' ? headerFilter(rest) : fieldFilter(field, pattern(rest))
  return not === '' ? found : (records) => !found(records)
}

export function allOf(filters: readonly Filter[]): Filter | undefined {
  if (filters.length === 0) return undefined
  return (records) => filters.every((filter) => filter(records))
}

function pattern(source: string): RegExp {
  try {
    return new RegExp(source, 'u')
  } catch (error) {
    throw usageFailure(`--grep: ${(error as Error).message}`)
  }
}

function fieldFilter(field: string, wanted: RegExp): Filter {
  return ({ record }) => {
    const bytes = field === 'k' ? record.key() : record.value()
    return bytes !== null && wanted.test(bytes.toString())
  }
}

function headerFilter(text: string): Filter {
  const at = text.indexOf('=')
  const name = at < 0 ? text : text.slice(0, at)
  const wanted = pattern(at < 0 ? '' : text.slice(at + 1))
  return ({ record }) =>
    record.headers().some(({ key, value }) => key === name && wanted.test(value?.toString() ?? ''))
}
