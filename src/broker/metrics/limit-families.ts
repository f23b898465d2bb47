/** Every limit in three families of one naming: `ottla_limit_…{limit="…"}`. */
import type { Limit } from '../../core/limit.ts'
import type { Family, Sample } from './family.ts'

/** One limit: what it bounds, and what happens to whoever meets it. */
export interface NamedLimit {
  readonly name: string
  readonly bounds: string
  readonly refusal: string
  /** Undefined as long as there is nothing that it bounds. */
  read(): Limit | undefined
}

export function limitFamilies(limits: readonly NamedLimit[]): Family[] {
  const samples = (value: (limit: Limit) => number) => () =>
    limits.flatMap(({ name, read }): Sample[] => {
      const limit = read()
      return limit === undefined ? [] : [{ labels: { limit: name }, value: value(limit) }]
    })
  const labels = ['limit']
  return [
    {
      name: 'ottla_limit_used',
      help: 'What there is now of what a limit bounds; where it bounds each of many, the largest.',
      type: 'gauge',
      labels,
      read: samples(({ used }) => used),
    },
    {
      name: 'ottla_limit_max',
      help: 'What there may be.',
      type: 'gauge',
      labels,
      read: samples(({ max }) => max),
    },
    {
      name: 'ottla_limit_refused_total',
      help: 'How often the limit was met: something was refused, dropped or held up for it.',
      type: 'counter',
      labels,
      read: samples(({ refused }) => refused),
    },
  ]
}
