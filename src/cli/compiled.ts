#!/usr/bin/env node
/** The program: `main.ts` and all it needs lie in one file, which starts from compiled code. */
import { loadCached } from './code-cache.ts'

/** Made by the build from the content of the file. */
declare const buildId: string

const { join } = process.getBuiltinModule('node:path')
const file = (name: string) => join(import.meta.dirname, name)
/** What is started most, or has to be quick, has a cache of what it needs alone; kcat's is that of `-C`. */
const kinds = ['broker', 'produce', 'consume', '-C']
const word = process.argv[2] ?? ''
const kind = kinds.includes(word) ? word : word.startsWith('-') ? '-C' : 'broker'
const name = `ottla-${buildId}-${process.version}-${process.arch}-${kind.replace('-', '')}.cache`
const program = loadCached(file('ottla.cjs'), file(name))
// What is needed is compiled when it has run; whoever starts next has it.
if (!program.cached && word === kind) process.once('exit', program.save)
// What it throws nobody would catch: it ends the process with a trace, as it should.
void program.exports.main(process.argv)
