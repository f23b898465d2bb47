/**
 * Values of configurations: from the text that people write to what the code uses, and back to the
 * text that Kafka prints. Rules and messages are those of Kafka's ConfigDef.
 *
 * A LONG is a number. One that a number cannot hold exactly is near enough to work with (limits of
 * centuries and exabytes); its text is computed without going through the number.
 */

export type ConfigType =
  | 'BOOLEAN'
  | 'STRING'
  | 'INT'
  | 'SHORT'
  | 'LONG'
  | 'DOUBLE'
  | 'LIST'
  | 'CLASS'
  | 'PASSWORD'

export type ConfigValue = boolean | string | number | readonly string[] | null

/** Java's Long.MAX_VALUE, as far as a number can say it: Kafka's way to write "no limit". */
export const longMax = Number(2n ** 63n - 1n)
/** Java's Integer.MAX_VALUE. */
export const intMax = 2 ** 31 - 1

/** A value or a combination of values that is not allowed; the message is one sentence for people. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export function invalidValue(name: string, value: string, why: string): ConfigError {
  return new ConfigError(`Invalid value ${value} for configuration ${name}: ${why}`)
}

const integerBits = { SHORT: 16n, INT: 32n, LONG: 64n }
/** What Java's Double.parseDouble takes, without its hexadecimal form. */
const double = /^[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)$/

/** Throws a `ConfigError` in Kafka's words when the text is not of the type. */
export function parseValue(name: string, type: ConfigType, text: string): ConfigValue {
  const trimmed = text.trim()
  switch (type) {
    case 'BOOLEAN': {
      const lower = trimmed.toLowerCase()
      if (lower === 'true') return true
      if (lower === 'false') return false
      throw invalidValue(name, text, 'Expected value to be either true or false')
    }
    case 'SHORT':
    case 'INT':
    case 'LONG': {
      const value = parseInteger(trimmed, integerBits[type])
      if (value === undefined) throw invalidValue(name, text, `Not a number of type ${type}`)
      return Number(value)
    }
    case 'DOUBLE':
      if (!double.test(trimmed)) throw invalidValue(name, text, `Not a number of type ${type}`)
      return Number(trimmed.replace(/[fFdD]$/, ''))
    case 'LIST':
      return trimmed === '' ? [] : trimmed.split(/\s*,\s*/)
    default:
      return trimmed
  }
}

function parseInteger(text: string, bits: bigint): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  const limit = 2n ** (bits - 1n)
  return value >= -limit && value < limit ? value : undefined
}

/** The one text of a value: what DescribeConfigs shows for it. Throws as `parseValue` does. */
export function canonicalText(name: string, type: ConfigType, text: string): string {
  const value = parseValue(name, type, text)
  if (type === 'LONG') return BigInt(text.trim().replace('+', '')).toString()
  return printValue(type, value) ?? ''
}

/** Text of a parsed value as Kafka prints it; null stays null. */
export function printValue(type: ConfigType, value: ConfigValue): string | null {
  if (value === null) return null
  if (Array.isArray(value)) return value.join(',')
  if (typeof value !== 'number') return String(value)
  if (type === 'DOUBLE') return printDouble(value)
  return value >= 2 ** 63 ? '9223372036854775807' : BigInt(value).toString()
}

/** As Java's Double.toString: always with a point, an exponent from 10^7 on and below 10^-3. */
export function printDouble(value: number): string {
  if (!Number.isFinite(value) || value === 0)
    return Object.is(value, -0) ? '-0.0' : value === 0 ? '0.0' : String(value)
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
}
