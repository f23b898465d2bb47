/** What goes wrong in front of the keyboard: one clear line, the right exit code, no stack. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestNode, type TestNode } from '../broker/test-node.ts'
import { type Bundled, bundleCli, type RunOptions } from './bundled.ts'

// Each runs up to ten processes, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 120_000 })

let cli: Bundled
let broker: TestNode
const servers: Server[] = []
const directory = mkdtempSync(join(tmpdir(), 'ottla-bad-input-'))

beforeAll(async () => {
  ;[cli, broker] = await Promise.all([bundleCli(), startTestNode()])
  // More than a pipe takes in.
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`.padEnd(200)).join('\n')
  await ottla(['produce', 'orders'], { input: lines })
})
afterAll(async () => {
  for (const server of servers) server.close()
  cli?.remove()
  rmSync(directory, { recursive: true })
  await broker?.stop()
})

const ottla = (args: readonly string[], options?: RunOptions) =>
  cli.run([...args, '-b', `127.0.0.1:${broker.port}`], options)

/** A server that says this to everybody who says something, and its port. */
async function speaking(answer: string | Buffer, first = false): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (first) socket.write(answer)
    else socket.on('data', () => socket.end(answer))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('a broker that is not there is told in one line', async () => {
  const nobody = await cli.run(['topics', 'list', '-b', '127.0.0.1:1'])
  expect(nobody).toEqual({
    ...{ exit: 1, stdout: '' },
    stderr: 'ottla: Nothing listens at 127.0.0.1:1 (ECONNREFUSED)\n',
  })
  const kcat = await cli.run(['-P', '-b', '127.0.0.1:1', '-t', 'x'], { input: 'x' })
  expect(kcat).toEqual({
    ...{ exit: 1, stdout: '' },
    stderr:
      '% ERROR: Local: Broker transport failure: Nothing listens at 127.0.0.1:1 (ECONNREFUSED)\n' +
      '% ERROR: Local: All broker connections are down: 1/1 brokers are down: terminating\n',
  })
})

test('a name that nobody knows is told in one line', async () => {
  const { exit, stderr } = await cli.run([
    ...['topics', 'list', '-b', 'no-such-host.invalid:9092', '--timeout', '1'],
  ])
  expect(exit).toBe(1)
  expect(stderr).toMatch(/^ottla: The host of no-such-host\.invalid:9092 is not known \(E\w+\)\n$/)
})

const tlsAlert = Buffer.from([0x15, 3, 3, 0, 2, 2, 0x28])
const others = [
  ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', false],
  ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', true],
  ['TLS', tlsAlert, false],
] as const
for (const [language, answer, first] of others)
  test(`a port that speaks ${language} is called so, by commands and by connect-check`, async () => {
    const port = await speaking(answer, first)
    const there = ['-b', `127.0.0.1:${port}`]
    const list = await cli.run(['topics', 'list', ...there])
    expect(list.exit).toBe(1)
    expect(list.stderr).toMatch(
      new RegExp(`^ottla: 127.0.0.1:${port}: the port speaks ${language}`),
    )
    const check = await cli.run(['connect-check', ...there, '--format', 'json'])
    const { ok, steps } = JSON.parse(check.stdout)
    expect([check.exit, ok, steps.at(-1).step]).toEqual([1, false, 'kafka'])
    expect(steps.at(-1).advice).toContain(`The port speaks ${language}`)
  })

test('an unknown topic comes with the name that was probably meant', async () => {
  const commands = [
    ['consume', 'ordres'],
    ['topics', 'describe', 'ordres'],
    ['topics', 'delete', 'ordres', '--yes'],
    ['offsets', 'ordres'],
  ]
  for (const command of commands)
    expect(await ottla(command)).toEqual({
      ...{ exit: 1, stdout: '' },
      stderr: 'ottla: There is no topic "ordres", did you mean "orders"?\n',
    })
})

test('an offset that is not there is told, and nothing else is read in its place', async () => {
  expect(await ottla(['consume', 'orders', '--offset', '99999', '--exit'])).toEqual({
    ...{ exit: 0, stdout: '' },
    stderr: 'orders-0 has offsets 0 to 20000: reading from 20000, not 99999\n',
  })
})

test('unknown options, commands and values come with their nearest match', async () => {
  const asked = async (...args: string[]) => {
    const { exit, stderr } = await cli.run(args)
    return [exit, stderr.split('\n').slice(0, 2).join(' ').trim()]
  }
  expect(await asked('topics', 'list', '--formta', 'json')).toEqual([
    2,
    "error: unknown option '--formta' (Did you mean --format?)",
  ])
  expect(await asked('topcis')).toEqual([
    2,
    'ottla: There is no command "topcis", did you mean "topics"?',
  ])
  expect(await asked('topics', 'creat', 'x')).toEqual([
    2,
    "error: unknown command 'creat' (Did you mean create?)",
  ])
  expect(await asked('--consumer', '--topci', 'x')).toEqual([
    1,
    'Error: unknown argument --topci, did you mean --topic?',
  ])
  expect(await asked('topics', 'list', '-X', 'sasl.mechanim=PLAIN')).toEqual([
    expect.any(Number),
    expect.stringContaining('sasl.mechanism'),
  ])
})

test('files that cannot be read are named', async () => {
  const missing = await ottla(['produce', 'orders', join(directory, 'missing.txt')])
  const folder = await ottla(['produce', 'orders', directory])
  const config = await ottla(['topics', 'list', '-F', join(directory, 'missing.conf')])
  expect([missing.exit, folder.exit, config.exit]).toEqual([1, 1, 1])
  expect(missing.stderr).toBe(`ottla: There is no file ${join(directory, 'missing.txt')}\n`)
  expect(folder.stderr).toBe(`ottla: ${directory} is a directory\n`)
  expect(config.stderr).toContain(join(directory, 'missing.conf'))
  expect(config.stderr.split('\n')).toHaveLength(2)
})

test('files that may not be read are named', async () => {
  const path = join(directory, 'secret.conf')
  writeFileSync(path, 'acks=1\n', { mode: 0 })
  const told = async (...args: string[]) => {
    const { exit, stderr } = await ottla(args, { unprivileged: true })
    return [exit, stderr]
  }
  expect([
    await told('produce', 'orders', path),
    await told('topics', 'list', '-F', path),
    await told('cluster', 'reassign', 'execute', path, '--yes'),
    await told('-P', '-t', 'orders', path),
    await told('-L', '-F', path),
  ]).toEqual([
    [1, `ottla: The file ${path} may not be read\n`],
    [1, `ottla: Failed to open ${path}: Permission denied\n`],
    [1, `ottla: The file ${path} may not be read\n`],
    [1, expect.stringContaining(`${path}: Permission denied`)],
    [1, expect.stringContaining(`${path}: Permission denied`)],
  ])
})

test('bytes that are not UTF-8 stay valid JSON, and come back as they were', async () => {
  const broken = Buffer.from([0x61, 0xff, 0xfe, 0x80, 0x0a])
  await ottla(['-P', '-t', 'broken'], { input: broken })
  const { stdout } = await ottla(['-C', '-e', '-q', '-J', '-t', 'broken'])
  expect(JSON.parse(stdout)).toMatchObject({
    payload: 'a\ufffd\ufffd\ufffd',
    payload_base64: 'Yf/+gA==',
  })
  const back = await ottla(['-P', '-J', '-t', 'again'], { input: stdout })
  const hex = await ottla(['-C', '-e', '-q', '-t', 'again', '-f', '%x{s}'])
  expect([back.exit, hex.stdout]).toEqual([0, '61fffe80'])
})

test('a line over the limit is refused with the limit', async () => {
  const input = 'x'.repeat(1_000_001)
  const said = 'Input is too large, maximum size is 1000000'
  const tree = await ottla(['produce', 'orders'], { input })
  const kcat = await ottla(['-P', '-t', 'orders'], { input })
  expect([tree.exit, tree.stderr]).toEqual([1, `ottla: ${said}\n`])
  expect([kcat.exit, kcat.stderr]).toEqual([1, `% ERROR: ${said}\n`])
})

test('a reader that goes away ends the writer silently', async () => {
  const close: RunOptions['onOutput'] = (child) => child.stdout?.destroy()
  for (const command of [
    ['consume', 'orders', '--from-beginning'],
    ['-C', '-q', '-t', 'orders'],
    ['man'],
  ])
    expect(await ottla(command, { onOutput: close })).toMatchObject({ exit: 0, stderr: '' })
})

test('a full disk under the output is told, and nothing else', async () => {
  const full = openSync('/dev/full', 'w')
  const said = 'The disk is full: output could not be written\n'
  const commands = [
    ['consume', 'orders', '--from-beginning', '--exit'],
    ['topics', 'list'],
    ['topics', 'list', '--format', 'json'],
    ['topics', '--help'],
    ['man'],
    ['completion', 'bash'],
    ['broker', '--print-config'],
  ]
  for (const command of commands)
    expect([command, await ottla(command, { stdout: full })]).toEqual([
      command,
      { exit: 1, stdout: '', stderr: `ottla: ${said}` },
    ])
  for (const command of [['-C', '-e', '-q', '-t', 'orders'], ['-L'], ['kcat', '-h']])
    expect([command, await ottla(command, { stdout: full })]).toEqual([
      command,
      { exit: 1, stdout: '', stderr: `% ERROR: ${said}` },
    ])
  closeSync(full)
})

test('Ctrl-C ends every kind of consumer with 0', async () => {
  let sent = false
  const interrupt: RunOptions['onOutput'] = (child) => {
    if (!sent) child.kill('SIGINT')
    sent = true
  }
  const commands = [
    ['consume', 'orders', '--from-beginning'],
    ['consume', 'orders', '--from-beginning', '--group', 'interrupted'],
    ['-C', '-q', '-t', 'orders'],
    ['-G', 'interrupted-too', '-q', '-o', 'beginning', 'orders'],
  ]
  for (const command of commands) {
    sent = false
    const { exit, stderr } = await ottla(command, { onOutput: interrupt })
    expect([command, exit, stderr]).toEqual([command, 0, ''])
  }
})

test('--timeout ends a consumer that waits for more, with 1', async () => {
  const lines = ['consume orders', 'consume orders --count 1', 'consume orders --group waiting']
  for (const line of lines)
    expect(await ottla([...line.split(' '), '--timeout', '1'])).toEqual({
      ...{ exit: 1, stdout: '' },
      stderr: 'ottla: Timed out after 1 s\n',
    })
})

test('a stack is shown with --debug alone', async () => {
  const wrong = ['produce', 'orders', join(directory, 'missing.txt')]
  const plain = await ottla(wrong)
  const debug = await ottla([...wrong, '--debug'])
  // -d is librdkafka's: what the client does.
  const contexts = await cli.run(['-L', '-d', 'all', '-b', '127.0.0.1:1'])
  const kcat = await cli.run(['-L', '--debug', '-b', '127.0.0.1:1'])
  const has = [plain, debug, contexts, kcat].map(({ stderr }) => stderr.includes('    at '))
  expect(has).toEqual([false, true, false, true])
})
