/** What is told of requests by API: how many, what went wrong, how long they took. */
import { apiByKey } from '../../../protocol/apis.ts'
import { errorByCode } from '../../../protocol/errors.ts'
import { type Durations, durationBoundsMs } from '../durations.ts'
import type { Traffic } from '../traffic.ts'
import type { Family, Sample } from './family.ts'

export function requestFamilies(traffic: Traffic): Family[] {
  return [
    {
      name: 'kafka_network_requestmetrics_requests_total',
      help: 'Requests of clients and of other brokers, by API and version.',
      type: 'counter',
      labels: ['request', 'version'],
      read: () => requestsOf(traffic.requests),
    },
    {
      name: 'kafka_network_requestmetrics_errors_total',
      help: 'Error codes in answers, by API: one that names partitions has one for each.',
      type: 'counter',
      labels: ['request', 'error'],
      read: () => errorsOf(traffic.errors),
    },
    {
      name: 'ottla_request_duration_seconds',
      help: 'Time from the read that brought a request to the write of its answer, by API; of a Fetch with its wait for records.',
      type: 'histogram',
      read: () => traffic.durations.flatMap((each, apiKey) => histogramOf(nameOf(apiKey), each)),
    },
  ]
}

const nameOf = (apiKey: number) => apiByKey(apiKey)?.name ?? String(apiKey)

function requestsOf(requests: readonly (readonly number[] | undefined)[]): Sample[] {
  return requests.flatMap((versions, apiKey) =>
    (versions ?? []).flatMap((value, version) => {
      return value === undefined ? [] : [{ labels: { request: nameOf(apiKey), version }, value }]
    }),
  )
}

function errorsOf(errors: readonly (ReadonlyMap<number, number> | undefined)[]): Sample[] {
  return errors.flatMap((counts, apiKey) =>
    [...(counts ?? [])].map(([code, value]) => {
      const error = errorByCode(code).name
      return { labels: { request: nameOf(apiKey), error }, value }
    }),
  )
}

function histogramOf(request: string, { counts, sumMs }: Durations): Sample[] {
  let value = 0
  const buckets = counts.map((count, i) => {
    value += count
    const boundMs = durationBoundsMs[i]
    const le = boundMs === undefined ? '+Inf' : boundMs / 1000
    return { labels: { request, le }, value, suffix: '_bucket' }
  })
  const labels = { request }
  return [
    ...buckets,
    { labels, value: sumMs / 1000, suffix: '_sum' },
    { labels, value, suffix: '_count' },
  ]
}
