/**
 * What a member of a group says, for the clients that are written in JavaScript: each runs as a process
 * of its own, `node --import tsx members/NAME.ts group BOOTSTRAP TOPIC GROUP classic|consumer`.
 */
const [, , , bootstrap = '', topic = '', groupId = '', groupProtocol = 'classic'] = process.argv

export const asked = { bootstrap, topic, groupId, groupProtocol }

export const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

export function show(partition: number, offset: number, value: Buffer | null): void {
  const { topic } = asked
  say({
    topic,
    partition,
    offset,
    value: value?.toString('base64') ?? null,
    key: null,
    headers: [],
  })
}

export const warn = (error: unknown) => {
  say({ warning: String(error) })
}

/** Resolves when the caller closes stdin: the sign to leave. */
export const stdinEnded = new Promise<void>((resolve) => {
  process.stdin.on('end', resolve).resume()
})

/** Tells what came and what went, for clients that only tell what they have. */
export class Holdings {
  #held: readonly number[] = []

  now(partitions: readonly number[]): void {
    const revoked = this.#held.filter((partition) => !partitions.includes(partition))
    const assigned = partitions.filter((partition) => !this.#held.includes(partition))
    this.#held = partitions
    if (revoked.length > 0) say({ revoked })
    if (assigned.length > 0) say({ assigned })
  }
}
