/** Connections to the broker that coordinates a group, one for each member. */
import { ErrorCode } from '../../../protocol/errors.ts'
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import { BrokerConnection } from '../../client/connection.ts'
import { nodeEnv } from '../../env/node.ts'
import { askOnce, type BenchTarget, expectNoError } from './bench-target.ts'

/** A new group waits for more members first: that is not measured. */
const answerMsMax = 120_000
const opening = 50
const coordinatorAttempts = 300
/** The internal topic has only just been made. */
const notYet: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])

export const isNotYetThere = (errorCode: number): boolean => notYet.has(errorCode)

export async function connectionsToCoordinator(
  target: BenchTarget,
  groupId: string,
  count: number,
): Promise<BrokerConnection[]> {
  const endpoint = await coordinatorOf(target, groupId)
  const env = nodeEnv({ level: 'silent' })
  const options = { bootstrap: [endpoint], requestTimeoutMs: answerMsMax }
  const connections: BrokerConnection[] = []
  while (connections.length < count) {
    const more = Math.min(opening, count - connections.length)
    const open = () => BrokerConnection.open(env, endpoint, options)
    connections.push(...(await Promise.all(Array.from({ length: more }, open))))
  }
  return connections
}

async function coordinatorOf(
  target: BenchTarget,
  key: string,
): Promise<{ host: string; port: number }> {
  for (let attempt = 0; ; attempt += 1) {
    const { errorCode, host, port } = await askOnce(target, FindCoordinator, 1, { key, keyType: 0 })
    if (errorCode === 0) return { host, port }
    if (attempt === coordinatorAttempts) expectNoError(errorCode, 'FindCoordinator')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
