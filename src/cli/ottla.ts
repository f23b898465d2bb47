#!/usr/bin/env node
/** The command line from its sources; what is shipped starts in `compiled.ts`. */
import { main } from './main.ts'

await main(process.argv)
