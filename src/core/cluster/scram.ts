/**
 * AlterUserScramCredentials (KIP-554, behaviours S-13): what is kept of a password are the keys of
 * RFC 5802, from which it cannot be told, and with which a broker can check a login.
 */
import { createHash, createHmac } from 'node:crypto'
import type { RecordOf } from '../../../protocol/coordinator/record.ts'
import { errors } from '../../../protocol/errors.ts'
import type { AlterUserScramCredentials } from '../../../protocol/messages/alter-user-scram-credentials.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/schema.ts'
import type { Decision } from '../machine.ts'
import { type Fault, fault, fine } from './fault.ts'
import type { ClusterImage } from './image.ts'

type Request = RequestOf<typeof AlterUserScramCredentials>
type Change = RecordOf<'scram'> | RecordOf<'removeScram'>

/** By Kafka's numbers of the mechanisms. */
const hashes: Readonly<Record<number, string>> = { 1: 'sha256', 2: 'sha512' }
/** RFC 7677's least, and Kafka's most: a login must not keep a broker busy for long. */
const iterationsMin = 4096
const iterationsMax = 16_384

/** Each user has one answer: the first thing that is wrong with what was asked about them. */
export function alterUserScramCredentials(
  image: ClusterImage,
  { deletions, upsertions }: Request,
): Decision<ResponseOf<typeof AlterUserScramCredentials>, Change> {
  const faults = new Map<string, Fault>()
  const asked = new Set<string>()
  const check = (item: { name: string; mechanism: number }, own: () => Fault | undefined) => {
    const key = `${item.mechanism}/${item.name}`
    const wrong = nameFault(item) ?? (asked.has(key) ? twice : own())
    asked.add(key)
    const before = faults.get(item.name)
    if (before === undefined || before === fine) faults.set(item.name, wrong ?? fine)
  }
  for (const item of deletions)
    check(item, () =>
      image.scramCredentials.has(`${item.mechanism}/${item.name}`)
        ? undefined
        : fault(
            errors.RESOURCE_NOT_FOUND,
            'Attempt to delete a user credential that does not exist',
          ),
    )
  for (const item of upsertions) check(item, () => iterationsFault(item.iterations))
  const good = ({ name }: { name: string }) => faults.get(name) === fine
  const removals = deletions
    .filter(good)
    .map(({ name, mechanism }) => ({ kind: 'removeScram', user: name, mechanism }) as const)
  return {
    records: [...removals, ...upsertions.filter(good).map(credential)],
    reply: { results: [...faults].map(([user, found]) => ({ user, ...found })) },
  }
}

const twice = fault(
  errors.DUPLICATE_RESOURCE,
  'A user credential cannot be altered twice in the same request',
)

function nameFault({ name, mechanism }: { name: string; mechanism: number }): Fault | undefined {
  if (name === '') return fault(errors.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty')
  if (hashes[mechanism] === undefined)
    return fault(errors.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism')
  return undefined
}

function iterationsFault(iterations: number): Fault | undefined {
  if (iterations < iterationsMin) return fault(errors.UNACCEPTABLE_CREDENTIAL, 'Too few iterations')
  if (iterations > iterationsMax)
    return fault(errors.UNACCEPTABLE_CREDENTIAL, 'Too many iterations')
  return undefined
}

function credential(item: Request['upsertions'][number]): RecordOf<'scram'> {
  const hash = hashes[item.mechanism] ?? ''
  const hmac = (text: string) => createHmac(hash, item.saltedPassword).update(text).digest()
  return {
    kind: 'scram',
    user: item.name,
    mechanism: item.mechanism,
    salt: Buffer.from(item.salt),
    storedKey: createHash(hash).update(hmac('Client Key')).digest(),
    serverKey: hmac('Server Key'),
    iterations: item.iterations,
  }
}
