import { expect } from 'vitest'

/** A topic's life by command lines that every release since 2.1 can follow; `run` rejects what fails. */
export async function administer(
  run: (line: string, input?: string) => Promise<string>,
  codec: string,
): Promise<void> {
  await run('topics create old --partitions 2')
  await run('topics add-partitions old --to 3')
  await run('configs set old retention.ms=5000')
  await run(`produce old -q --compression ${codec}`, 'a\nb\nc\n')
  await run('-P -t old -p 0 -X acks=1', 'd\n')
  const read = await run('consume old --from-beginning --exit')
  const grouped = await run('consume old --from-beginning --group readers --exit')
  const kcat = await run('-C -e -q -t old')
  expect([read, grouped, kcat].map((text) => text.split('\n').sort().join(''))).toEqual([
    ...['abcd', 'abcd', 'abcd'],
  ])
  expect(await run('configs get old retention.ms')).toContain('5000')
  expect(await run('topics list --format json')).toContain('"old"')
  expect(await run('groups describe readers')).toContain('old')
  await run('groups seek readers --to start --yes')
  await run('offsets old')
  await run('topics trim old --partitions 0 --offset 1 --yes')
  await run('cluster info')
  await run('cluster logdirs')
  await run('groups delete readers --yes')
  await run('topics delete old --yes')
}
