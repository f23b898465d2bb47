import { expect, test } from 'vitest'
import { type Linked, LinkedList } from '../../src/log/linked-list.ts'

class Item implements Linked<Item> {
  previous: Item | undefined
  next: Item | undefined
}

/** From both ends, which must agree. */
function itemsOf(list: LinkedList<Item>): Item[] {
  const items: Item[] = []
  for (let item = list.first; item !== undefined; item = item.next) {
    expect(item.previous).toBe(items.at(-1))
    items.push(item)
  }
  expect(list.size).toBe(items.length)
  return items
}

test('it does what a Set does, in the same order', () => {
  const items = Array.from({ length: 6 }, () => new Item())
  const list = new LinkedList<Item>()
  const set = new Set<Item>()
  let state = 7
  for (let step = 0; step < 2000; step += 1) {
    state = (state * 48_271) % 2_147_483_647
    const item = items[state % items.length]!
    if (set.has(item) || state % 7 === 0) expect(list.remove(item)).toBe(set.delete(item))
    else {
      list.add(item)
      set.add(item)
    }
    expect(itemsOf(list)).toEqual([...set])
  }
  expect(list.remove(new Item())).toBe(false)
})
