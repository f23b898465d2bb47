/** Profiles as users keep them, in a home directory of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readProfiles } from '../../src/cli/profiles.ts'
import { type Bundled, bundleCli } from './bundled.ts'

vi.setConfig({ testTimeout: 60_000 })

let cli: Bundled
const home = mkdtempSync(join(tmpdir(), 'ottla-home-'))
const file = join(home, '.config/ottla/ottla.conf')
beforeAll(async () => {
  cli = await bundleCli()
})
afterAll(() => {
  cli?.remove()
  rmSync(home, { recursive: true })
})

const profile = async (...args: string[]) => {
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, '.config') }
  const { exit, stdout, stderr } = await cli.run(['profile', ...args], { env })
  return { exit, said: stdout + stderr }
}

test('profiles are made, chosen, shown without their secrets, and deleted', async () => {
  await profile('create', 'a', 'bootstrap.servers=a:1', 'sasl.password=x=y')
  await profile('create', 'b', 'bootstrap.servers=b:1')
  expect(await profile('use', 'a')).toEqual({ exit: 0, said: 'Profile a counts now\n' })
  const { said } = await profile('show', '--format', 'json')
  expect(JSON.parse(said)).toEqual({
    settings: [
      { key: 'bootstrap.servers', value: 'a:1', source: 'profile a' },
      { key: 'sasl.password', value: '(hidden)', source: 'profile a' },
    ],
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect((await profile('delete', 'a')).exit).toBe(2)
  expect(await profile('delete', 'a', '--yes')).toEqual({ exit: 0, said: 'Deleted profile a\n' })
  expect(readFileSync(file, 'utf8')).toBe('[b]\nbootstrap.servers=b:1\n')
  const gone = await profile('delete', 'bb', '--yes')
  expect(gone).toEqual({
    exit: 1,
    said: `ottla: There is no profile "bb" in ${file}\n`,
  })
})

test('whatever is in a password is read as it was given, or refused', async () => {
  const values = ['a\\', 'a\\\\', 'a\\:b=c\\=d', '#', '[x]', '\\']
  for (const value of values) {
    await profile('create', 'p', `sasl.password=${value}`, 'acks=1', '--yes')
    const { profiles } = readProfiles(readFileSync(file, 'utf8'), file)
    const found = profiles.find(({ name }) => name === 'p')?.properties
    expect([...found!]).toEqual([
      ['sasl.password', value],
      ['acks', '1'],
    ])
  }
  expect(await profile('create', 'p', 'sasl.password=two\nlines')).toEqual({
    exit: 1,
    said: 'ottla: sasl.password: a value of several lines, or with blanks around it, cannot be kept\n',
  })
  await profile('delete', 'p', '--yes')
})

test('comments that people wrote stay', async () => {
  mkdirSync(join(home, '.config/ottla'), { recursive: true })
  writeFileSync(
    file,
    '# mine\nprofile=a\n\n# the old one\n[a]\nacks=1\n# the new one\n[b]\nacks=0\n',
  )
  await profile('use', 'b')
  await profile('create', 'a', 'acks=all', '--yes')
  expect(readFileSync(file, 'utf8')).toBe(
    'profile=b\n# mine\n\n# the old one\n# the new one\n[b]\nacks=0\n\n[a]\nacks=all\n',
  )
})

test("what no client knows is refused, but passed over in files for Java's clients", async () => {
  const path = join(home, 'client.properties')
  writeFileSync(path, 'acks=1\nschema.registry.url=http://x\n')
  const wrong = await profile('create', 'c', 'sasl.pasword=x')
  expect([wrong.exit, wrong.said]).toEqual([
    1,
    'ottla: No such configuration property: "sasl.pasword", did you mean "sasl.password"?\n',
  ])
  const imported = await profile('create', 'c', '--import', path)
  expect(imported.said).toContain(`${path}: schema.registry.url is no property of a client`)
  const config = await profile('show', '--command-config', path)
  expect([config.exit, config.said]).toEqual([
    0,
    expect.stringContaining(`${path}: schema.registry.url is no property of a client`),
  ])
  expect((await profile('show', '-F', path)).exit).toBe(1)
})
