/** The names on a simulated disk, and which of them a loss of power leaves. */
import type { DirectoryEntry } from '../../src/env/env.ts'
import type { Inode } from './inode.ts'
import type { Chance } from './world.ts'

type Entry = Inode | 'directory'
type Space = Map<string, Entry>

interface Change {
  readonly directories: readonly string[]
  apply(space: Space): void
}

export class Names {
  #current: Space
  readonly #durable: Space
  #pending: Change[] = []

  constructor(durable: Space = new Map([['/', 'directory' as const]])) {
    this.#durable = durable
    this.#current = new Map(durable)
  }

  file(path: string): Inode | undefined {
    const entry = this.#current.get(path)
    return entry === 'directory' ? undefined : entry
  }

  isDirectory(path: string): boolean {
    return this.#current.get(path) === 'directory'
  }

  *inodes(): Generator<Inode> {
    for (const entry of this.#current.values()) if (entry !== 'directory') yield entry
  }

  set(path: string, inode: Inode): void {
    this.#do({ directories: [parentOf(path)], apply: (space) => space.set(path, inode) })
  }

  remove(path: string): void {
    this.#do({ directories: [parentOf(path)], apply: (space) => space.delete(path) })
  }

  makeDirectory(path: string): void {
    const parts = path.split('/').filter((part) => part !== '')
    for (let i = 1; i <= parts.length; i++) {
      const made = `/${parts.slice(0, i).join('/')}`
      if (this.#current.has(made)) continue
      this.#do({
        directories: [parentOf(made)],
        apply: (space) => space.set(made, 'directory'),
      })
      // Whoever sets a machine up makes its data directories to stay.
      if (i === 1) this.sync('/')
    }
  }

  rename(from: string, to: string): void {
    const entry = this.#current.get(from)
    if (entry === undefined)
      throw Object.assign(new Error(`ENOENT: ${from} does not exist`), { code: 'ENOENT' })
    this.#do({
      directories: [parentOf(from), parentOf(to)],
      apply(space) {
        space.delete(from)
        space.set(to, entry)
        if (entry !== 'directory') return
        for (const [path, inside] of [...space])
          if (path.startsWith(`${from}/`)) {
            space.delete(path)
            space.set(to + path.slice(from.length), inside)
          }
      },
    })
  }

  /** What happened in this directory stays. */
  sync(directory: string): void {
    const rest: Change[] = []
    for (const change of this.#pending)
      if (change.directories.includes(directory)) change.apply(this.#durable)
      else rest.push(change)
    this.#pending = rest
  }

  list(path: string): DirectoryEntry[] {
    const prefix = path === '/' ? '/' : `${path}/`
    const names: DirectoryEntry[] = []
    for (const [entry, what] of this.#current)
      if (entry.startsWith(prefix) && entry !== '/' && !entry.slice(prefix.length).includes('/'))
        names.push({ name: entry.slice(prefix.length), isDirectory: what === 'directory' })
    return names.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Of the changes that no sync has seen, the first few were written all the same. */
  afterPowerLoss(chance: Chance): Names {
    const left = new Map(this.#durable)
    for (const change of this.#pending.slice(0, chance.below(this.#pending.length + 1)))
      change.apply(left)
    for (const path of [...left.keys()].sort())
      if (path !== '/' && left.get(parentOf(path)) !== 'directory') left.delete(path)
    return new Names(left)
  }

  #do(change: Change): void {
    change.apply(this.#current)
    this.#pending.push(change)
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
