/**
 * A network of its own for each process, joined by a bridge, whose links can be cut one way: Linux
 * namespaces, root only. What is cut is sent to a hardware address that nobody has, so it vanishes
 * as behind a broken switch, and neither side is told.
 */
import { execFileSync } from 'node:child_process'
import type { Place } from '../../src/cli/bench/failover/local-cluster.ts'

const nowhere = '02:00:00:00:00:fe'
/** Of this process, among others of the machine. */
const subnet = `10.213.${(process.pid % 250) + 1}`
const bridge = `otb${process.pid}`

const ip = (...args: string[]) =>
  execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })

/** Why there is no such network on this machine; undefined when there is. */
export function networkMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root makes network namespaces'
  const name = `otp${process.pid}`
  try {
    ip('netns', 'add', name)
    ip('link', 'add', name, 'type', 'bridge')
    ip('link', 'del', name)
    return undefined
  } catch (error) {
    return `network namespaces cannot be made: ${(error as Error).message.split('\n')[0]}`
  } finally {
    try {
      ip('netns', 'del', name)
    } catch {
      // It could not be made.
    }
  }
}

export class Network {
  readonly #names: readonly string[]

  /** `names` of the processes; the test itself is `test`. */
  constructor(names: readonly string[]) {
    this.#names = names
    try {
      ip('link', 'add', bridge, 'type', 'bridge')
      ip('link', 'set', bridge, 'address', macOf(254))
      ip('addr', 'add', `${subnet}.254/24`, 'dev', bridge)
      ip('link', 'set', bridge, 'up')
      for (const name of names) this.#join(name)
    } catch (error) {
      this.close()
      throw error
    }
  }

  #join(name: string): void {
    const number = this.#number(name)
    const space = this.#space(name)
    const port = `${bridge}p${number}`
    ip('netns', 'add', space)
    ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    ip('link', 'set', port, 'master', bridge, 'up')
    ip('-n', space, 'link', 'set', 'lo', 'up')
    ip('-n', space, 'link', 'set', 'eth0', 'address', macOf(number), 'up')
    ip('-n', space, 'addr', 'add', `${subnet}.${number}/24`, 'dev', 'eth0')
  }

  place(name: string): Place {
    return {
      host: `${subnet}.${this.#number(name)}`,
      port: 9092,
      through: ['ip', 'netns', 'exec', this.#space(name)],
    }
  }

  /** What `from` sends to `to` is lost from now on. */
  cutOneWay(from: string, to: string): void {
    this.#link(from, to, nowhere)
  }

  cut(one: string, other: string): void {
    this.cutOneWay(one, other)
    this.cutOneWay(other, one)
  }

  /** Both ways. */
  heal(one: string, other: string): void {
    this.#link(one, other, macOf(this.#number(other)))
    this.#link(other, one, macOf(this.#number(one)))
  }

  #link(from: string, to: string, address: string): void {
    const device = from === 'test' ? bridge : 'eth0'
    const where = from === 'test' ? [] : ['-n', this.#space(from)]
    const peer = `${subnet}.${this.#number(to)}`
    ip(...where, 'neigh', 'replace', peer, 'lladdr', address, 'dev', device, 'nud', 'permanent')
  }

  /** Every TCP connection of `one` with `other` is reset, as a firewall that rejects does. */
  reset(one: string, other: string): void {
    const peer = `${subnet}.${this.#number(other)}`
    execFileSync('ip', ['netns', 'exec', this.#space(one), 'ss', '-K', 'dst', peer], {
      stdio: 'ignore',
    })
  }

  /** After the processes have ended. */
  close(): void {
    const undo = [
      ...this.#names.map((name) => ['netns', 'del', this.#space(name)]),
      ['link', 'del', bridge],
    ]
    for (const args of undo)
      try {
        ip(...args)
      } catch {
        // It had not been made.
      }
  }

  #space(name: string): string {
    return `ottla-${process.pid}-${name}`
  }

  #number(name: string): number {
    return name === 'test' ? 254 : this.#names.indexOf(name) + 1
  }
}

const macOf = (number: number) => `02:00:00:00:01:${number.toString(16).padStart(2, '0')}`
