/** SCRAM credentials of users (KIP-554): the password never leaves this side. */
import { pbkdf2Sync } from 'node:crypto'
import { AlterUserScramCredentials } from '../../../protocol/messages/alter-user-scram-credentials.ts'
import { DescribeUserScramCredentials } from '../../../protocol/messages/describe-user-scram-credentials.ts'
import type { Cluster } from '../cluster.ts'
import { brokerError, checkError } from '../kafka-error.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

export const scramMechanisms = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 } as const
export type ScramMechanism = keyof typeof scramMechanisms

/** As Kafka's own tool. */
export const scramIterations = 4096

export interface ScramUser {
  readonly name: string
  readonly credentials: readonly { readonly mechanism: string; readonly iterations: number }[]
}

const resourceNotFound = 91

export async function listScramUsers(cluster: Cluster): Promise<ScramUser[]> {
  const answer = await cluster.send('any', DescribeUserScramCredentials, { users: null })
  checkError(answer.errorCode, 'Listing users', answer.errorMessage)
  const nameOf = (mechanism: number) =>
    mechanism === 1 ? 'SCRAM-SHA-256' : mechanism === 2 ? 'SCRAM-SHA-512' : `unknown ${mechanism}`
  return answer.results
    .filter(({ errorCode }) => errorCode !== resourceNotFound)
    .map(({ user, errorCode, errorMessage, credentialInfos }) => {
      if (errorCode !== 0) throw brokerError(errorCode, `User ${user}`, errorMessage)
      const credentials = credentialInfos.map(({ mechanism, iterations }) => ({
        mechanism: nameOf(mechanism),
        iterations,
      }))
      return { name: user, credentials }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export async function setScramPassword(
  cluster: Cluster,
  name: string,
  mechanism: ScramMechanism,
  password: string,
  iterations: number = scramIterations,
): Promise<Outcome> {
  const [size, hash] = mechanism === 'SCRAM-SHA-256' ? [32, 'sha256'] : [64, 'sha512']
  const salt = cluster.env.random.bytes(24)
  const saltedPassword = pbkdf2Sync(
    password.normalize('NFKC'),
    salt,
    iterations,
    size as number,
    hash as string,
  )
  const answer = await cluster.send('controller', AlterUserScramCredentials, {
    deletions: [],
    upsertions: [{ name, mechanism: scramMechanisms[mechanism], iterations, salt, saltedPassword }],
  })
  return only(name, answer)
}

export async function deleteScramPassword(
  cluster: Cluster,
  name: string,
  mechanism: ScramMechanism,
): Promise<Outcome> {
  const answer = await cluster.send('controller', AlterUserScramCredentials, {
    deletions: [{ name, mechanism: scramMechanisms[mechanism] }],
    upsertions: [],
  })
  return only(name, answer)
}

function only(
  name: string,
  answer: { results: readonly { errorCode: number; errorMessage: string | null }[] },
): Outcome {
  const { errorCode, errorMessage } = answer.results[0]!
  return outcomeOf(name, errorCode, `Credentials of user ${name}`, errorMessage)
}
