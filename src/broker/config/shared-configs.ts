/** Values on which the coordinator and all leaders must agree: the coordinator keeps its own. */
import type { BrokerConfig } from './broker-config.ts'
import { printValue } from './value.ts'

export function sharedConfigs(config: BrokerConfig): Record<string, string> {
  return {
    'min.insync.replicas': printValue('INT', config.get('min.insync.replicas')) ?? '',
    'unclean.leader.election.enable': String(config.get('unclean.leader.election.enable')),
  }
}
