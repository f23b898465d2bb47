/** What an endpoint for metrics tells, read as Prometheus reads it. */
export interface Scraped {
  /** By family: its type and what it means. */
  readonly families: ReadonlyMap<string, { readonly type: string; readonly help: string }>
  /** By name and labels, as they stand in the text. */
  readonly values: ReadonlyMap<string, number>
}

export async function scrape(port: number): Promise<Scraped> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const lines = (await response.text()).split('\n')
  const families = new Map<string, { type: string; help: string }>()
  const values = new Map<string, number>()
  for (const line of lines) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    const known = families.get(name) ?? { type: '', help: '' }
    if (keyword === 'HELP') families.set(name, { ...known, help: rest })
    if (keyword === 'TYPE') families.set(name, { ...known, type: rest })
    const [, sample, value] = /^([a-z][^#]*) (\S+)$/.exec(line) ?? []
    if (sample !== undefined) values.set(sample, Number(value))
  }
  return { families, values }
}
