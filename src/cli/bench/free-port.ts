/** Ports for processes that are started with a number. */
import { createServer } from 'node:net'

/**
 * Systems give outgoing connections ports from 32,768 (Linux) or 49,152 (RFC 6335) on. Below them nobody takes a port
 * by chance between our look and the start of the process that is to listen there.
 */
const first = 15_000
const end = 32_000

let next = first + Math.floor(Math.random() * (end - first))

/**
 * The first of `count` ports in a row that nobody listens on just now; another one at each call.
 * @throws Error where there are none
 */
export async function freePort(count = 1): Promise<number> {
  for (let tried = 0; tried < 200; tried += 1) {
    const port = next + count > end ? first : next
    next = port + count
    if (await areFree(port, count)) return port
  }
  throw new Error(`No ${count} free ports in a row were found between ${first} and ${end}`)
}

async function areFree(port: number, count: number): Promise<boolean> {
  for (let i = 0; i < count; i += 1) if (!(await isFree(port + i))) return false
  return true
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
