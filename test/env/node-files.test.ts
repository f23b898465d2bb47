import { spawn, spawnSync } from 'node:child_process'
import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeFiles as files } from '../../src/env/node-files.ts'
import { lockTable } from '../../src/env/node-lock.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ottla-files-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))
const at = (name: string) => join(directory, name)

test('a file is written at positions and read back, fewer bytes only at its end', async () => {
  const file = files.open(at('a'), 'create')
  file.write([Buffer.from('hello '), Buffer.from('wor'), Buffer.from('ld')], 0)
  file.write([Buffer.from('W')], 6)
  const into = Buffer.alloc(20)
  expect(file.read(into, 1, 15, 2)).toBe(9)
  expect(into.toString('latin1', 1, 10)).toBe('llo World')
  expect(await file.readLater(into, 0, 5, 9)).toBe(2)
  file.truncate(5)
  file.sync()
  await file.syncLater()
  expect(file.sizeBytes()).toBe(5)
  file.close()
  expect(files.readFile(at('a')).toString()).toBe('hello')
})

test.each([
  ['small chunks', 9, 1000],
  ['more small chunks than are gathered', 100, 1000],
  ['large chunks', 3, 20_000],
  ['empty chunks', 5, 0],
])('%s are written one after the other', (_, count, bytes) => {
  const file = files.open(at('file'), 'create')
  const chunks = Array.from({ length: count }, (_, i) => Buffer.alloc(bytes + (i % 3), i + 1))
  file.write([Buffer.from('before'), ...chunks], 3)
  // What was gathered for one write does not get into the next one.
  file.write([Buffer.from('be'), Buffer.from('fo')], 3)
  const expected = Buffer.concat([Buffer.from('\0\0\0before'), ...chunks])
  const read = Buffer.alloc(expected.length + 1)
  expect(file.read(read, 0, read.length, 0)).toBe(expected.length)
  file.close()
  expect(read.subarray(0, expected.length).equals(expected)).toBe(true)
})

test('errors carry the code of the system', async () => {
  expect(() => files.open(at('none'), 'write')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  expect(() => files.open(at('no/such'), 'create')).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  )
  await expect(files.unlinkLater(at('none'))).rejects.toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  )
})

test.each([
  ['in pieces where nobody reads it', true, 4 << 20],
  ['at once where somebody may', false, 9 << 20],
])('a large file goes %s', async (_, isUnread, left) => {
  const file = files.open(at('large'), 'create')
  file.write([Buffer.alloc(9 << 20, 7)], 0)
  await files.unlinkLater(at('large'), isUnread)
  expect(files.stat(at('large'))).toBeUndefined()
  expect(file.sizeBytes()).toBeLessThanOrEqual(left)
  expect(file.sizeBytes()).toBeGreaterThan(left - (4 << 20))
  file.close()
})

test('a large file that is linked elsewhere stays whole there', async () => {
  const file = files.open(at('large'), 'create')
  file.write([Buffer.alloc(9 << 20, 7)], 0)
  linkSync(at('large'), at('backup'))
  await files.unlinkLater(at('large'), true)
  expect(file.sizeBytes()).toBe(9 << 20)
  file.close()
})

test('a file that is gone has nothing to be shortened', async () => {
  await expect(files.unlinkLater(at('none'), true)).rejects.toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  )
})

test('directories are listed in order, and a file is replaced as a whole', () => {
  files.makeDirectory(at('x/y'))
  files.replaceFile(at('x/b'), Buffer.from('1'))
  files.replaceFile(at('x/b'), Buffer.from('2'))
  files.replaceFile(at('x/a'), Buffer.from(''))
  files.rename(at('x/a'), at('x/c'))
  expect(files.list(at('x'))).toEqual([
    { name: 'b', isDirectory: false },
    { name: 'c', isDirectory: false },
    { name: 'y', isDirectory: true },
  ])
  expect(files.readFile(at('x/b')).toString()).toBe('2')
  files.removeDirectory(at('x/y'))
  files.unlink(at('x/b'))
  files.unlink(at('x/c'))
  expect(files.stat(at('x'))).toMatchObject({ isDirectory: true })
  files.removeDirectory(at('x'))
  expect(files.stat(at('x'))).toBeUndefined()
  expect(files.space(directory).usableBytes).toBeGreaterThan(0)
})

test('a directory is made with those above it, and one that cannot be made is an error', () => {
  files.makeDirectory(at('a/b/c'))
  files.makeDirectory(at('a/b/c'))
  expect(files.stat(at('a/b/c'))?.isDirectory).toBe(true)
  files.replaceFile(at('file'), Buffer.alloc(1))
  expect(() => files.makeDirectory(at('file'))).toThrow('EEXIST')
  expect(() => files.makeDirectory(at('file/below'))).toThrow('ENOTDIR')
  if (process.platform === 'linux')
    expect(() => files.makeDirectory('/proc/nope/below')).toThrow(
      'Directory /proc/nope cannot be made in /proc',
    )
})

test('a lock is refused to a second holder, and free after its release', async () => {
  const lock = await files.lock(at('.lock'))
  expect(readFileSync(at('.lock'), 'utf8')).toBe(`${process.pid}\n`)
  expect(await files.lock(at('.lock'))).toBeUndefined()
  lock?.release()
  const again = await files.lock(at('.lock'))
  expect(again).toBeDefined()
  again?.release()
})

test('the lock of a file that was removed is not in the way of a new file', async () => {
  const held = await files.lock(at('.lock'))
  unlinkSync(at('.lock'))
  // File systems give the number of the removed file to one of the next.
  const others: (typeof held)[] = []
  for (let i = 0; i < 20; i++) others.push(await files.lock(at(`.lock-${i}`)))
  for (const lock of [held, ...others]) lock?.release()
  expect(others).not.toContain(undefined)
})

const withoutFlock = spawnSync('flock', ['--version']).status !== 0
if (withoutFlock) console.log('Not run: a lock that the kernel lists, as there is no flock(1)')

test.skipIf(withoutFlock)('a lock that the kernel lists counts as long as it stands', async () => {
  const path = at('.lock')
  const holder = spawn('sh', ['-c', 'exec 9>"$0"; flock 9; echo held; read end', path])
  const gone = new Promise((resolve) => holder.once('close', resolve))
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  await expect.poll(lockTable).toContain(`:${statSync(path).ino} `)
  expect(await files.lock(path)).toBeUndefined()
  holder.stdin.end()
  await gone
  // The list of a moment ago, which serves for a second, still has it.
  const lock = await files.lock(path)
  lock?.release()
  expect(lock).toBeDefined()
})

test('a lock ends with the process that holds it, even when that is killed', async () => {
  const script = `
    import { lockFile } from ${JSON.stringify(join(import.meta.dirname, '../../src/env/node-lock.ts'))}
    console.log(await lockFile(${JSON.stringify(at('.lock'))}) !== undefined)
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
  const said = await new Promise((resolve) => holder.stdout.once('data', (c) => resolve(`${c}`)))
  const refused = await files.lock(at('.lock'))
  const exited = new Promise((resolve) => holder.once('exit', resolve))
  holder.kill('SIGKILL')
  await exited
  const lock = await files.lock(at('.lock'))
  lock?.release()
  expect({ said, refused, taken: lock !== undefined }).toEqual({
    said: 'true\n',
    refused: undefined,
    taken: true,
  })
})
