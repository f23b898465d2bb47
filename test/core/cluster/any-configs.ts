import type { ConfigRules } from '../../../src/core/cluster/config-rules.ts'

/** Rules under which every configuration is fine but those called `bad`. */
export const anyConfigs: ConfigRules = {
  fault: (_type, _name, overrides) =>
    overrides.has('bad') ? 'Unknown topic config name: bad' : undefined,
  readOnlyFault: (type, _name, name) =>
    type === 4 && name === 'log.dirs' ? 'read only' : undefined,
  isList: (_type, name) => name === 'cleanup.policy',
  inherited: (_type, name) => (name === 'cleanup.policy' ? 'delete' : undefined),
  topicConfigs: (overrides) =>
    [...overrides].map(([name, value]) => ({
      name,
      value,
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    })),
}
