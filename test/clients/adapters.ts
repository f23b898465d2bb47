import type { Adapter } from './adapter.ts'
import { javaConsole } from './adapters/java-console.ts'
import { kafkajsAdapter } from './adapters/kafkajs.ts'
import { kcat, ottlaKcat } from './adapters/kcat.ts'
import { confluent, franz, java } from './adapters/line-protocol.ts'
import { ottlaClient } from './adapters/ottla.ts'
import { platformatic } from './adapters/platformatic.ts'

/** Every client that is held against the broker. */
export const adapters: readonly Adapter[] = [
  kcat,
  javaConsole,
  java,
  confluent,
  franz,
  kafkajsAdapter,
  platformatic,
  ottlaClient,
  ottlaKcat,
]
