/**
 * Runs the command line as a process of its own. It is bundled once for each test file: started from
 * the sources, every call would cost a second of compiling.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'

const root = join(import.meta.dirname, '../..')

export interface CommandResult {
  readonly exitCode: number | null
  readonly out: string
  readonly error: string
}

export class CommandLine {
  readonly #directory = mkdtempSync(join(tmpdir(), 'ottla-command-'))

  constructor() {
    symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'))
    buildSync({
      entryPoints: { ottla: join(root, 'src/cli/ottla.ts') },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outdir: this.#directory,
      outExtension: { '.js': '.mjs' },
      packages: 'external',
    })
  }

  get entry(): string {
    return join(this.#directory, 'ottla.mjs')
  }

  run(args: readonly string[], input = ''): Promise<CommandResult> {
    const child = spawn(process.execPath, [this.entry, ...args])
    const out: Buffer[] = []
    const error: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => error.push(chunk))
    child.stdin.end(input)
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString()
    return new Promise((resolve) => {
      child.once('close', (exitCode) => resolve({ exitCode, out: text(out), error: text(error) }))
    })
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true })
  }
}
