/**
 * Loaded before a broker: its clocks run at CLOCK_RATE times the true rate, and the wall clock jumps by
 * the milliseconds that stand in the file CLOCK_JUMP (`strobe N`: by N and back, ten times a second).
 */
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

const rate = Number(process.env.CLOCK_RATE ?? 1)
const lookEveryMs = 20
const strobeMs = 100
const trueWall = Date.now
const trueNow = performance.now.bind(performance)
const trueTimeout = globalThis.setTimeout
let jumpMs = 0

trueTimeout(function look() {
  try {
    const [, strobe, ms] = /^(strobe )?(-?\d+)$/.exec(readFileSync(process.env.CLOCK_JUMP, 'utf8'))
    jumpMs = strobe && Math.floor(trueNow() / strobeMs) % 2 === 0 ? 0 : Number(ms)
  } catch {
    jumpMs = 0
  }
  trueTimeout(look, lookEveryMs).unref()
}, 0).unref()

Date.now = () => trueWall() + jumpMs
performance.now = () => trueNow() * rate
globalThis.setTimeout = (run, delayMs, ...rest) => trueTimeout(run, delayMs / rate, ...rest)
