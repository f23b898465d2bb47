#!/usr/bin/env node
/** The program: `main.ts` and all it needs lie in one file, which starts from compiled code. */
import { fileURLToPath } from 'node:url'
import { loadCached } from './code-cache.ts'

/** Made by the build from the content of the file. */
declare const buildId: string

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const cache = file(`ottla-${buildId}-${process.version}-${process.arch}.cache`)
const program = loadCached(file('ottla.cjs'), cache)
// What a broker needs is compiled when it has run; whoever starts next has it.
if (!program.cached && process.argv[2] === 'broker') process.once('exit', program.save)
await program.exports.main(process.argv)
