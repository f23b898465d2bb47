/** `/healthz` and `/readyz` of a broker that waits for its coordinator, has one, and loses it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { freePort } from '../../../src/cli/bench/free-port.ts'
import { startNode } from '../../../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ottla-health-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const patience = { timeout: 90_000 }

async function told(port: number, path: string): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return `${response.status} ${(await response.text()).trim()}`
  } catch {
    return 'nobody listens'
  }
}

test('a broker is healthy from its start on, and ready while it holds a lease', async () => {
  const [coordinatorPort, port] = [await freePort(), await freePort()]
  const starting = startNode({
    'process.roles': 'broker',
    'node.id': 1,
    'coordinator.servers': `127.0.0.1:${coordinatorPort}`,
    'log.dirs': join(directory, 'broker'),
    'metrics.listener': `127.0.0.1:${port}`,
  })
  const ready = () => told(port, '/readyz')
  await expect.poll(ready, patience).toBe('503 The broker has not joined its cluster yet.')
  expect(await told(port, '/healthz')).toBe('200 ok')
  expect(await told(port, '/metrics')).toMatch(/^503 /)

  const coordinator = await startNode({
    'process.roles': 'controller',
    'node.id': 100,
    listeners: `CONTROLLER://127.0.0.1:${coordinatorPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(directory, 'coordinator'),
    'lease.duration.ms': 600,
    'metrics.listener': '127.0.0.1:0',
  })
  const broker = await starting
  await expect.poll(ready, patience).toBe('200 ready')
  expect(await told(coordinator.metrics!.port, '/readyz')).toBe('200 ready')
  expect(await told(coordinator.metrics!.port, '/healthz')).toBe('200 ok')

  await coordinator.stop()
  await expect.poll(ready, patience).toBe('503 The broker holds no lease.')
  expect(await told(port, '/healthz')).toBe('200 ok')
  await broker.stop()
}, 120_000)
