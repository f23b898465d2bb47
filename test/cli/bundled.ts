/** The command line as users run it: a process of its own, from one bundle for a test file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')

export interface Outcome {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Buffer
  /** Leaves standard input open: `onOutput` ends it. */
  readonly keepInput?: boolean
  readonly env?: Record<string, string>
  /** Without the right to read every file, where the tests run as root. */
  readonly unprivileged?: boolean
  /** In place of a pipe that is read to its end. */
  readonly stdout?: number
  /** Called with what came so far; may close, or send a signal. */
  readonly onOutput?: (child: ChildProcess, text: string) => void
}

export interface Bundled {
  /** The file to run. */
  readonly program: string
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>
  remove(): void
}

export async function bundleCli(): Promise<Bundled> {
  // Beside the packages, which are not bundled and have to be found.
  const cache = join(root, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'ottla-cli-'))
  await build({
    entryPoints: { ottla: join(root, 'src/cli/ottla.ts') },
    ...{ bundle: true, splitting: true, platform: 'node', format: 'esm', target: 'node20' },
    ...{ packages: 'external', outdir: directory, logLevel: 'error' },
  })
  const program = join(directory, 'ottla.js')
  return {
    program,
    run: (args, options = {}) => run([program, ...args], options),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function run(args: readonly string[], options: RunOptions): Promise<Outcome> {
  const confined = options.unprivileged && process.getuid?.() === 0
  const through = confined ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []
  const [command = '', ...rest] = [...through, process.execPath, ...args]
  const child = spawn(command, rest, {
    env: { ...process.env, HOME: '/nonexistent', ...options.env },
    stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text
    options.onOutput?.(child, stdout)
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  child.stdin?.on('error', () => {})
  if (!options.keepInput) child.stdin?.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exit) => resolve({ exit, stdout, stderr }))
  })
}
