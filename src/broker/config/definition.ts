/**
 * What is known about one configuration: its type, its default, what it may be, whether it can change
 * while the broker runs, and one sentence for people. `definitions/` holds one table per theme.
 */
import {
  ConfigError,
  type ConfigType,
  type ConfigValue,
  invalidValue,
  parseValue,
  printValue,
} from './value.ts'

export type Importance = 'HIGH' | 'MEDIUM' | 'LOW'

/** Which dynamic values count: those of one broker and of the cluster, or those of one broker alone. */
export type DynamicScope = 'cluster-wide' | 'per-broker'

export interface Rules {
  readonly min?: number
  readonly max?: number
  readonly oneOf?: readonly string[]
  /** As `oneOf`, whatever the case. */
  readonly oneOfAnyCase?: readonly string[]
  /** For a list: it must have an element. */
  readonly notEmpty?: boolean
  /** Any other rule: why the value is not allowed, or undefined. */
  readonly check?: (name: string, value: ConfigValue) => string | undefined
  /** MEDIUM when left out. */
  readonly importance?: Importance
  /** Not shown to clients; for tests and experiments. */
  readonly internal?: boolean
  readonly dynamic?: DynamicScope
}

export interface Definition<Value extends ConfigValue = ConfigValue> extends Rules {
  readonly type: ConfigType
  /** Undefined when the value must be given. */
  readonly defaultValue: Value | undefined
  readonly doc: string
  /** For the type alone. */
  readonly value?: Value
}

export type Definitions = Readonly<Record<string, Definition>>
export type ValueOf<D extends Definition> = D extends Definition<infer Value> ? Value : never

const define =
  <Value extends ConfigValue>(type: ConfigType) =>
  <Default extends Value | null | undefined>(
    defaultValue: Default,
    doc: string,
    rules: Rules = {},
  ): Definition<null extends Default ? Value | null : Value> => ({
    type,
    defaultValue: defaultValue as Value | undefined,
    doc,
    ...rules,
  })

export const boolean = define<boolean>('BOOLEAN')
export const string = define<string>('STRING')
export const int = define<number>('INT')
export const short = define<number>('SHORT')
export const long = define<number>('LONG')
export const double = define<number>('DOUBLE')
export const list = define<readonly string[]>('LIST')
/** Names of Java classes: kept and shown, never loaded. */
export const className = define<string>('CLASS')
export const password = define<string>('PASSWORD')

/** A table as it stands, with the type of each value. */
export function definitions<const T extends Record<string, Definition<any>>>(table: T): T {
  return table
}

/** The parsed and checked value; throws a `ConfigError` in Kafka's words. */
export function readValue(name: string, definition: Definition, text: string): ConfigValue {
  const value = parseValue(name, definition.type, text)
  checkValue(name, definition, value)
  return value
}

function checkValue(name: string, definition: Definition, value: ConfigValue): void {
  const { min, max, oneOf, oneOfAnyCase, type, notEmpty, check } = definition
  const fail = (why: string, shown = printValue(type, value) ?? 'null') => {
    throw invalidValue(name, shown, why)
  }
  if (typeof value === 'number') {
    if (min !== undefined && value < min) fail(`Value must be at least ${min}`)
    if (max !== undefined && value > max) fail(`Value must be no more than ${max}`)
  }
  if (Array.isArray(value)) {
    if (notEmpty && value.length === 0)
      throw new ConfigError(
        `Configuration '${name}' must not be empty. Valid values include: ${oneOf ? `[${oneOf.join(', ')}]` : 'any non-empty value'}`,
      )
    if (value.includes(''))
      throw new ConfigError(`Configuration '${name}' values must not be empty.`)
    const stranger = oneOf && value.find((element) => !oneOf.includes(element))
    if (stranger !== undefined) fail(`String must be one of: ${oneOf?.join(', ')}`, stranger)
  } else if (oneOf && !oneOf.includes(String(value))) {
    fail(`String must be one of: ${oneOf.join(', ')}`)
  }
  if (oneOfAnyCase && !oneOfAnyCase.includes(String(value).toUpperCase()))
    fail(`String must be one of (case insensitive): ${oneOfAnyCase.join(', ')}`)
  const why = check?.(name, value)
  if (why !== undefined) fail(why, Array.isArray(value) ? `[${value.join(', ')}]` : undefined)
}
