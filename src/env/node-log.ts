/**
 * Log lines: `2026-11-22T19:08:31.123Z INFO  message key=value`, or JSON by pino.
 *
 * pino is loaded with the first JSON line only: loading it takes as long as the rest of a start.
 */
import { createRequire } from 'node:module'
import type { Logger, LogLevel } from './env.ts'

export interface LogOptions {
  /** Lines below this level are dropped. */
  readonly level?: LogLevel
  readonly format?: 'text' | 'json'
  /** Takes one line with its newline; standard error when left out. */
  readonly write?: (line: string) => void
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

export function nodeLogger(options: LogOptions): Logger {
  const { level = 'info', format = 'text' } = options
  const write = options.write ?? ((line: string) => void process.stderr.write(line))
  const line = format === 'json' ? jsonLines(write) : textLines(write)
  const at = (own: LogLevel) => (message: string, fields?: object) => {
    if (levels.indexOf(own) >= levels.indexOf(logger.level)) line(own, message, fields)
  }
  const logger = {
    level,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
  return logger
}

type Line = (level: LogLevel, message: string, fields?: object) => void

const textLines =
  (write: (line: string) => void): Line =>
  (level, message, fields) => {
    let line = `${new Date().toISOString()} ${level.toUpperCase().padEnd(5)} ${printable(message)}`
    for (const [key, value] of Object.entries(fields ?? {}))
      if (value !== undefined) line += ` ${key}=${textOf(value)}`
    write(`${line}\n`)
  }

function jsonLines(write: (line: string) => void): Line {
  let pino: import('pino').Logger | undefined
  return (level, message, fields) => {
    pino ??= (createRequire(import.meta.url)('pino') as typeof import('pino').default)(
      { level: 'debug', base: null },
      { write },
    )
    if (level !== 'silent') pino[level](fields ?? {}, message)
  }
}

function textOf(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /^[\w.:/@+-]+$/.test(text) ? text : typeof value === 'object' ? text : JSON.stringify(text)
}

/** What clients send ends up in messages: a newline or a terminal escape must not act. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (c) => JSON.stringify(c).slice(1, -1))
}
