/** Families in the text format of Prometheus, and what prom-client itself knows of a process of Node. */
import type { Counter, Gauge, Metric } from 'prom-client'
import type { Family, Sample } from './family.ts'

export interface Exposition {
  readonly contentType: string
  /** The values of this moment. */
  text(): Promise<string>
}

/** Loads prom-client: nothing of it is there before somebody asks for metrics. */
export async function expositionOf(families: readonly Family[]): Promise<Exposition> {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const family of families) {
    const { name, help, type, labels: labelNames = [] } = family
    const options = { name, help, labelNames, registers: [registry] }
    if (type === 'histogram') registry.registerMetric(counted(family))
    else if (type === 'gauge')
      new Gauge({
        ...options,
        collect() {
          fill(this, family, (labels, value) => this.set(labels, value))
        },
      })
    else
      new Counter({
        ...options,
        collect() {
          fill(this, family, (labels, value) => this.inc(labels, value))
        },
      })
  }
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

/** prom-client's own histogram takes observations one by one, and has no place for what is counted elsewhere. */
function counted({ name, help, type, read }: Family): Metric {
  const get = () => ({
    name,
    help,
    type,
    values: (read() as readonly Sample[]).map(({ labels, value, suffix }) => ({
      metricName: `${name}${suffix}`,
      labels,
      value,
    })),
  })
  return { name, get } as unknown as Metric
}

type Put = (labels: Readonly<Record<string, string | number>>, value: number) => void

function fill(metric: Counter | Gauge, { read }: Family, put: Put): void {
  metric.reset()
  const values = read()
  if (typeof values === 'number') put({}, values)
  else for (const { labels, value } of values) put(labels, value)
}
