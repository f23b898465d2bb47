/**
 * The world, as one interface: everything that Ottla asks of the machine it runs on.
 *
 * Two implementations exist: `node.ts`, and the simulation's in `test/sim`. Nothing else opens a
 * file or a socket, reads a clock, sets a timer or draws a random number. That is what lets one
 * seed replay a whole cluster.
 *
 * File calls without `Later` in their name are synchronous: on the hot path a call into the page
 * cache costs less than a hand-over to the thread pool. Calls that may wait for a disk have a
 * twin that ends in `Later`. All failures are thrown (or rejected) as errors with a `code` such as
 * `ENOSPC`, `EIO`, `ENOENT`.
 */
export interface Env {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly files: Files
  readonly net: Net
  readonly log: Logger
  /** Not there in the simulation: nothing that decides anything is asked over it. */
  readonly http?: Http
  /** Not there in the simulation, which has one order of events: the work is then done in a later turn. */
  readonly threads?: Threads
  /** What the process may use: the machine's, or less where it is limited. Not known when left out. */
  readonly memoryBytes?: number
  /** How many files and sockets the process may have open. Not known when left out. */
  readonly descriptorsMax?: number
}

export interface Clock {
  /** Milliseconds from an arbitrary start, fractional, never backwards. For durations and leases. */
  monotonicMs(): number
  /** Whole milliseconds since 1970. May jump. For the timestamps that people see. */
  wallMs(): number
}

export interface Timers {
  /** Runs once, after at least `delayMs`. */
  after(delayMs: number, run: () => void): Timer
  /** Runs once, after the input of this turn of the event loop has been handled. */
  soon(run: () => void): void
}

export interface Timer {
  cancel(): void
}

export interface Random {
  /** Uniform in [0, 1). */
  float(): number
  bytes(size: number): Buffer
}

export interface Files {
  /**
   * `read`: must exist. `write`: reading too, must exist. `create`: as write, made when missing.
   */
  open(path: string, mode: 'read' | 'write' | 'create'): File
  /** The whole of a small file. */
  readFile(path: string): Buffer
  /**
   * Replaces a small file as a whole: written beside it, synced, renamed, the directory synced. Without
   * `sync` a crash of the machine (not of the process) may leave the old file, or a damaged one.
   */
  replaceFile(path: string, bytes: Buffer, sync?: boolean): void
  rename(from: string, to: string): void
  unlink(path: string): void
  /**
   * Unlinks on the thread pool: freeing the blocks of a large file takes milliseconds, and with `isUnread`, where no reader has
   * it open, is done in pieces.
   */
  unlinkLater(path: string, isUnread?: boolean): Promise<void>
  /** Makes the directory and those above it. */
  makeDirectory(path: string): void
  /** Removes a directory that is empty. */
  removeDirectory(path: string): void
  /** Names in a directory, sorted. */
  list(path: string): DirectoryEntry[]
  /** `undefined` when there is nothing at the path. */
  stat(path: string): FileStat | undefined
  /** Makes renames, creations and removals in this directory durable. */
  syncDirectory(path: string): void
  syncDirectoryLater(path: string): Promise<void>
  space(path: string): { totalBytes: number; usableBytes: number }
  /**
   * Takes a lock that ends with this process, however it ends; `undefined` when another holder
   * has it. The file at `path` may stay behind.
   */
  lock(path: string): Promise<Lock | undefined>
}

export interface DirectoryEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface FileStat {
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly isDirectory: boolean
  /** Stays with a file that is written to or renamed; a copy has another. Not known when left out. */
  readonly identity?: string
}

export interface Lock {
  release(): void
}

/** An open file. Positions are given with every call; there is no cursor. */
export interface File {
  sizeBytes(): number
  /** Reads up to `length` bytes at `position` to `into[offset…]`; fewer only at the end of the file. */
  read(into: Buffer, offset: number, length: number, position: number): number
  /** As `read`, on the thread pool: for data that is probably not in the page cache. */
  readLater(into: Buffer, offset: number, length: number, position: number): Promise<number>
  /** Writes all chunks one after the other at `position`, or throws; what it wrote then is unknown. */
  write(chunks: readonly Buffer[], position: number): void
  truncate(sizeBytes: number): void
  /** Makes the data (and the size) durable. After a failure nothing written since is to be trusted. */
  sync(): void
  syncLater(): Promise<void>
  close(): void
}

export interface Net {
  /** From so many bytes on `sendFile` costs less than reading and writing them; Infinity where there is none. */
  readonly sendFileBytesMin: number
  /** Port 0 takes any free port. Rejects with `EADDRINUSE`, `EACCES`, …. */
  listen(
    where: { host: string; port: number },
    onConnection: (connection: Connection) => ConnectionHandler,
  ): Promise<Listener>
  /** Never throws: a failure arrives at `onClose`. */
  connect(
    where: { host: string; port: number; tls?: TlsOptions },
    handler: ConnectionHandler & { onConnect?(): void },
  ): Connection
}

/** What a client says about TLS; PEM text. */
export interface TlsOptions {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  readonly serverName?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
  /** False: the certificate must be good, but may be for another name. */
  readonly verifyHostname?: boolean | undefined
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** Stops accepting; connections that exist go on. */
  close(): Promise<void>
}

export interface Connection {
  readonly remoteHost: string
  readonly remotePort: number
  /**
   * Queues the chunks in order; they must not change until `onWritten` runs (it runs even when the
   * connection fails). Returns false when the peer is behind: wait for `onDrain` before more.
   */
  write(chunks: readonly Buffer[], onWritten?: () => void): boolean
  /**
   * Sends bytes of a file without a copy in this process: as many as the kernel takes at once. Returns how
   * many; 0 where the machine cannot do it, while writes are pending, and when it failed.
   */
  sendFile?(file: File, position: number, length: number): number
  /**
   * Sends bytes that a call of `sendFile` follows right away, in the same packets. Returns how many the kernel took; 0 as for
   * `sendFile`. Something must follow in any case, or they stay in the kernel for a while.
   */
  sendAhead?(bytes: Buffer): number
  /** Bytes of writes that the kernel has not taken as a whole: memory that is held. */
  readonly pendingBytes: number
  /** Changes as long as the peer reads; 0 when the kernel has taken everything. */
  readonly unsentBytes: number
  /** Stops reading from the socket, so that the peer is held up by TCP. */
  pause(): void
  resume(): void
  /** Closes after what is queued has been sent. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

export interface ConnectionHandler {
  /** `chunk` is valid during this call only: its memory is used again for the next read. */
  onData(chunk: Buffer): void
  /**
   * Asked after each `onData`: memory that the next chunk is best read to, valid until then. Not every
   * connection can, and `onData` has to look where its chunk lies.
   */
  space?(): Buffer | undefined
  onDrain?(): void
  /** Called once, last. `error` is undefined after a clean close. */
  onClose(error?: Error): void
}

/** A small server of HTTP for people and their monitoring, bounded in whatever a peer may ask or hold. */
export interface Http {
  /** Answers one request of each connection, then closes it. Rejects with `EADDRINUSE`, `EACCES`, …. */
  listen(
    where: { host: string; port: number },
    answer: (request: HttpRequest) => Promise<HttpAnswer>,
  ): Promise<HttpListener>
}

export interface HttpRequest {
  readonly method: string
  /** Without what may follow a question mark. */
  readonly path: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface HttpListener extends Listener {
  readonly connections: number
  readonly connectionsMax: number
  /** Connections that were closed because there were so many. */
  readonly refused: number
}

export interface Threads {
  /** Runs a module that calls `answerQuestions` on another thread, started with the first question. */
  open(module: URL): Thread
}

export interface Thread {
  /**
   * Gives the thread a message (what a structured clone can carry, its `moved` memory not copied but gone from
   * here); resolves with its answer. Answers come in the order of questions. Rejects when the thread ends.
   */
  ask(message: object, moved: readonly ArrayBuffer[]): Promise<unknown>
  /** Ends the thread; whoever waits is told so. */
  close(): void
}

/** Structured logging: a message that never varies, and fields that do. */
export interface Logger {
  /** Lines below it are dropped. It may change at any time. */
  level?: LogLevel
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
