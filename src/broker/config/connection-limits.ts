/** How many connections one address may have. */
import type { EffectiveConfig } from './effective-config.ts'

/** `max.connections.per.ip`, or what `max.connections.per.ip.overrides` says for the address. */
export function connectionsMaxOf(effective: EffectiveConfig, address: string): number {
  const overrides = effective.get('max.connections.per.ip.overrides')
  const own = overrides
    .split(',')
    .map((pair) => /^\s*(.+?)\s*:\s*(\d+)\s*$/.exec(pair))
    .find((match) => match?.[1] === address)
  return own ? Number(own[2]) : effective.get('max.connections.per.ip')
}
