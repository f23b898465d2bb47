/** What is told of one kind of thing: its name, what it means, and its values when somebody asks. */
export interface Family {
  readonly name: string
  /** For people; `docs/metrics.md` has the same words. */
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels?: readonly string[]
  read(): number | readonly Sample[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Behind the name of the family: `_bucket`, … */
  readonly suffix?: string
}

export const counter = (name: string, help: string, read: () => number): Family => ({
  name,
  help,
  type: 'counter',
  read,
})

export const gauge = (name: string, help: string, read: () => number): Family => ({
  name,
  help,
  type: 'gauge',
  read,
})
