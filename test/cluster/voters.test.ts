/** Several nodes with Kafka's list of voters: one cluster, whose coordinator runs in the first. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { type Node, startNode } from '../../src/index.ts'
import { CommandLine } from './command.ts'

vi.setConfig({ testTimeout: 120_000 })

const directory = mkdtempSync(join(tmpdir(), 'ottla-voters-'))
const commandLine = new CommandLine()
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
  commandLine.remove()
})

/** Free now; nothing of ours takes one of them before its node does. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

interface Running {
  readonly child: ChildProcess
  readonly output: string[]
  readonly started: Promise<void>
  readonly ended: Promise<number | null>
}

function run(file: string): Running {
  const child = spawn(process.execPath, [commandLine.entry, 'broker', file])
  children.push(child)
  const output: string[] = []
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const started = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output.push(chunk.toString())
      if (chunk.toString().includes('Kafka Server started')) resolve()
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('exit', () => reject(new Error(output.join(''))))
  })
  return { child, output, started, ended }
}

test('three nodes that are broker and controller form one cluster', async () => {
  const ports = await freePorts(6)
  const voters = [1, 2, 3].map((id) => `${id}@127.0.0.1:${ports[id + 2]}`).join()
  const nodes = [3, 2, 1].map((id) => {
    const file = join(directory, `server-${id}.properties`)
    writeFileSync(
      file,
      `process.roles=broker,controller
node.id=${id}
listeners=PLAINTEXT://127.0.0.1:${ports[id - 1]},CONTROLLER://127.0.0.1:${ports[id + 2]}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports[id - 1]}
controller.listener.names=CONTROLLER
controller.quorum.voters=${voters}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${join(directory, `data-${id}`)}
lease.duration.ms=5000
`,
    )
    return run(file)
  })
  await Promise.all(nodes.map(({ started }) => started))
  const ottla = (line: string) =>
    commandLine.run(['-b', `127.0.0.1:${ports[1]}`, ...line.split(' ')])
  const created = await ottla('topics create orders --partitions 3 --replication-factor 3')
  const health = await ottla('cluster health --format json')
  const said = nodes.map(({ output }) => output.join('').includes('not highly available yet'))
  for (const { child } of nodes) child.kill('SIGTERM')
  const codes = await Promise.all(nodes.map(({ ended }) => ended))
  expect([created.exitCode, JSON.parse(health.out).brokers, said, codes]).toEqual([
    0,
    3,
    [true, true, true],
    [0, 0, 0],
  ])
})

test('controllers alone and brokers alone: a standby sends brokers to the coordinator', async () => {
  const [first, second] = (await freePorts(2)) as [number, number]
  const voters = `11@127.0.0.1:${first},12@127.0.0.1:${second}`
  const controller = (id: number, port: number) => ({
    'process.roles': 'controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: `CONTROLLER://127.0.0.1:${port}`,
    'log.dirs': join(directory, `controller-${id}`),
    'lease.duration.ms': 5000,
  })
  const nodes: Node[] = []
  try {
    nodes.push(await startNode(controller(11, first)))
    nodes.push(await startNode(controller(12, second)))
    nodes.push(
      await startNode({
        'process.roles': 'broker',
        'node.id': 1,
        // The standby is asked first.
        'controller.quorum.bootstrap.servers': `127.0.0.1:${second},127.0.0.1:${first}`,
        'controller.listener.names': 'CONTROLLER',
        'log.dirs': join(directory, 'broker-1'),
      }),
    )
    const [active, standby, broker] = nodes as [Node, Node, Node]
    expect({
      coordinators: [active.coordinator !== undefined, standby.coordinator !== undefined],
      clusters: new Set(nodes.map(({ clusterId }) => clusterId)).size,
      brokers: [...active.coordinator!.image.brokers.keys()],
      active: broker.broker?.image.isActive(1),
    }).toEqual({ coordinators: [true, false], clusters: 1, brokers: [1], active: true })
  } finally {
    for (const node of nodes.reverse()) await node.stop()
  }
})
