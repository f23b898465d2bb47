/** Asks a coordinator which cluster it keeps, before anything here belongs to one. */
import type { Env, Timer } from '../../env/env.ts'
import { type Dial, Link } from './link.ts'
import { silenceMaxMs } from './session.ts'

const retryMs = 250
const protocolVersion = 0

/** Waits for a coordinator as long as it takes. */
export async function clusterIdAt(env: Env, dial: Dial, brokerId: number): Promise<string> {
  const incarnation = env.random.bytes(16).toString('base64url')
  for (let tries = 0; ; tries++) {
    const clusterId = await ask(env, dial, brokerId, incarnation)
    if (clusterId !== undefined) return clusterId
    if (tries % 20 === 0) env.log.info('Waiting for a coordinator')
    await new Promise<void>((resolve) => void env.timers.after(retryMs, resolve))
  }
}

/** Undefined when nobody answers: a host that lost power after it took the connection never will. */
async function ask(
  env: Env,
  dial: Dial,
  brokerId: number,
  incarnation: string,
): Promise<string | undefined> {
  let silence: Timer | undefined
  const answer = await new Promise<string | undefined>((resolve) => {
    const link = new Link(dial, {
      onOpen: () => {
        const hello = {
          type: 'hello',
          clusterId: '',
          brokerId,
          incarnation,
          minVersion: protocolVersion,
          maxVersion: protocolVersion,
        } as const
        link.ask(
          hello,
          'helloAck',
          (ack) => {
            resolve(ack.active && ack.errorCode === 0 ? ack.clusterId : undefined)
            link.destroy()
          },
          () => resolve(undefined),
        )
      },
      onMessage: () => {},
      onClose: () => resolve(undefined),
    })
    silence = env.timers.after(silenceMaxMs, () => link.destroy())
  })
  silence?.cancel()
  return answer
}
