/** FindCoordinator in every version, of every kind of key, where the internal topics exist. */
import { FindCoordinator } from '../../../protocol/messages/find-coordinator.ts'
import type { Side } from './side.ts'

export async function coordinators(side: Side): Promise<string[]> {
  const client = await side.client('scripted')
  const ask = (version: number, keyType: number, keys: readonly string[]) =>
    client.ask(FindCoordinator, version, {
      ...{ key: version < 4 ? (keys[0] ?? '') : '', keyType },
      coordinatorKeys: version < 4 ? [] : [...keys],
    })
  const answers: string[] = []
  for (const version of [0, 1, 2, 3, 4, 5, 6])
    for (const keyType of version === 0 ? [0] : [0, 1, 2, 3, -1])
      for (const keys of version < 4 ? [['g'], ['']] : [['g'], [''], [], ['g', '', 'h', 'g']]) {
        let answer: any = await ask(version, keyType, keys)
        // The topic of transactions is made when it is asked for first.
        const isMaking = (one: any) => one.errorCode === 15 || one.coordinators?.some(isMaking)
        while (keyType === 1 && isMaking(answer)) {
          await new Promise((resolve) => setTimeout(resolve, 100))
          answer = await ask(version, keyType, keys)
        }
        // Each is the only broker, at a port of its own.
        const named = JSON.stringify(side.canonical(answer, false))
          .replaceAll(`"port":${side.port}`, '"port":"own"')
          .replaceAll(/"nodeId":\d+/g, '"nodeId":"own"')
        answers.push(`${version} ${keyType} ${keys}: ${named}`)
      }
  return answers
}
