/** Quotas of clients: what is kept, and in which order it is told. */
import { expect, test } from 'vitest'
import { ClusterImage } from '../../../src/core/cluster/image.ts'
import { alterClientQuotas, describeClientQuotas } from '../../../src/core/cluster/quotas.ts'

const everything = { components: [], strict: false }

function altered(image: ClusterImage, entity: Record<string, string | null>, ops: object) {
  const { records, reply } = alterClientQuotas({
    entries: [
      {
        entity: Object.entries(entity).map(([entityType, entityName]) => ({
          entityType,
          entityName,
        })),
        ops: Object.entries(ops).map(([key, value]) => ({
          key,
          value: value ?? 0,
          remove: value === null,
        })),
      },
    ],
    validateOnly: false,
  })
  for (const record of records) image.apply(record)
  return reply.entries[0]!
}

test('entities and values are told in the order that Kafka tells them', () => {
  const image = new ClusterImage()
  const ops = { producer_byte_rate: 1000, consumer_byte_rate: 1000, request_percentage: 0.5 }
  altered(image, { user: 'u', 'client-id': null }, ops)
  // As asked of Kafka 4.3.1.
  expect(describeClientQuotas(image, everything).entries).toEqual([
    {
      entity: [
        { entityType: 'client-id', entityName: null },
        { entityType: 'user', entityName: 'u' },
      ],
      values: [
        { key: 'consumer_byte_rate', value: 1000 },
        { key: 'request_percentage', value: 0.5 },
        { key: 'producer_byte_rate', value: 1000 },
      ],
    },
  ])
})

test('a quota that is removed is gone, and what makes no sense changes nothing', () => {
  const image = new ClusterImage()
  altered(image, { user: 'u' }, { producer_byte_rate: 1000 })
  for (const [entity, ops] of [
    [{ planet: 'mars' }, { producer_byte_rate: 1 }],
    [{}, { producer_byte_rate: 1 }],
    [{ user: 'u', ip: '::1' }, { connection_creation_rate: 1 }],
    [{ user: '' }, { producer_byte_rate: 1 }],
    [{ user: 'u' }, { connection_creation_rate: 1 }],
    [{ user: 'u' }, { producer_byte_rate: -1 }],
    [{ user: 'u' }, { producer_byte_rate: 1.5 }],
    [{ user: 'u' }, { consumer_byte_rate: 1e19 }],
    [{ ip: null }, { connection_creation_rate: 3_000_000_000 }],
  ] as const)
    expect(altered(image, entity, ops).errorCode).toBe(42)
  expect(describeClientQuotas(image, everything).entries).toHaveLength(1)
  altered(image, { user: 'u' }, { producer_byte_rate: null })
  expect(describeClientQuotas(image, everything).entries).toEqual([])
})
