/**
 * Sockets of the operating system.
 *
 * **Receiving.** Node's `data` events allocate a buffer for each read. With `onread` the kernel
 * writes to a buffer of ours: 1.5 times the throughput at half the processor time. It is an option of
 * sockets that connect; a server's socket gets there only by adopting the handle that Node wraps
 * before the connection is handed out. That is undocumented (it works on Node 20 and 24), so a socket
 * whose handle looks different goes on with `data` events, as TLS does. One buffer serves every
 * connection: a read and its callback are one step of the event loop. A handler that has a place for what comes
 * next (`space`) gets it there, and need not copy it. Windows posts reads ahead of
 * time, so it uses `data`.
 *
 * **Sending.** Small chunks are copied together, because each chunk of a gathered write costs more
 * than copying a few kilobytes. A closed or failed connection still runs every `onWritten`.
 */
import {
  createServer,
  connect as netConnect,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from 'node:net'
import type { Connection, ConnectionHandler, File, Listener, Net, TlsOptions } from './env.ts'
import { NodeFile } from './node-files.ts'
import { mayHaveSendFile, sendAhead, sendFile } from './node-send-file.ts'

/**
 * What one read takes at most. All that it brings is handled in one go, with one write for the log and
 * one for the answers, so a small one makes many of each.
 */
const receiveBytes = 1024 * 1024
/** Chunks below this size are joined with their neighbours before they are written. */
const joinBytesMax = 4096

/** Below it, a read and one write for everything cost no more than a call for each. */
const sendFileBytesMin = 32 * 1024

let receiveBuffer: Buffer | undefined
const sharedReceive = process.platform !== 'win32'

/** The `onread` option that hands what arrives to the connection. */
function onread(connection: NodeConnection) {
  receiveBuffer ??= Buffer.allocUnsafeSlow(receiveBytes)
  const shared = receiveBuffer
  return {
    // Asked again after each callback.
    buffer: () => connection.handler?.space?.() ?? shared,
    callback(size: number, buffer: Uint8Array): boolean {
      connection.receive((buffer as Buffer).subarray(0, size))
      if (size < buffer.length) return true
      // libuv would read on at once, 32 times: first the others have their turn.
      setImmediate(() => connection.start())
      return false
    },
  }
}

/** Resolves with where it listens. */
export function bind(server: Server, host: string, port: number): Promise<Omit<Listener, 'close'>> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      // Running out of descriptors makes accept fail for a while: the peer sees a reset.
      server.on('error', () => {})
      const { address, port: bound } = server.address() as { address: string; port: number }
      resolve({ host: address, port: bound })
    })
  })
}

export const nodeNet: Net = {
  get sendFileBytesMin() {
    return mayHaveSendFile() ? sendFileBytesMin : Infinity
  },
  listen({ host, port }, onConnection) {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
      const connection = new NodeConnection()
      connection.attach(adopt(accepted, connection))
      connection.handler = onConnection(connection)
      connection.start()
    })
    return bind(server, host, port).then((bound) => ({
      ...bound,
      close: async () => void server.close(),
    }))
  },
  connect({ host, port, tls }, handler) {
    const connection = new NodeConnection()
    connection.handler = handler
    const socket = tls
      ? loadTls().connect({ host, port, ...tlsOptionsOf(host, tls) })
      : netConnect({
          host,
          port,
          noDelay: true,
          ...(sharedReceive && { onread: onread(connection) }),
        })
    if (tls || !sharedReceive) socket.on('data', (chunk) => connection.receive(chunk))
    socket.setNoDelay(true)
    connection.attach(socket)
    if (handler.onConnect)
      socket.once(tls ? 'secureConnect' : 'connect', () => handler.onConnect?.())
    return connection
  },
}

/** Loaded when it is wanted: it makes every start a tenth of a second longer on a slow machine. */
const loadTls = () => process.getBuiltinModule('node:tls')

function tlsOptionsOf(host: string, tls: TlsOptions) {
  const { serverName, verifyHostname = true, ...rest } = tls
  // An address is no legal server name (RFC 6066).
  const servername = serverName ?? (/^[\d.]+$|:/.test(host) ? undefined : host)
  const checkServerIdentity = verifyHostname ? undefined : () => undefined
  const given = Object.entries({ ...rest, servername, checkServerIdentity }).filter(
    ([, value]) => value !== undefined,
  )
  return Object.fromEntries(given)
}

/** The same connection as a socket that reads to our buffer, or the socket itself with `data` events. */
function adopt(accepted: Socket, connection: NodeConnection): Socket {
  const inner = accepted as unknown as {
    _handle: { useUserBuffer?: unknown } | null
    _server: unknown
  }
  if (!sharedReceive || typeof inner._handle?.useUserBuffer !== 'function') {
    accepted.on('data', (chunk) => connection.receive(chunk))
    return accepted
  }
  const options = {
    handle: inner._handle,
    onread: onread(connection),
    pauseOnCreate: true,
    readable: true,
    writable: true,
  }
  inner._handle = null // The old wrapper must not close what the new one owns.
  return new Socket(options as unknown as SocketConstructorOpts)
}

class NodeConnection implements Connection {
  remoteHost = ''
  remotePort = 0
  handler!: ConnectionHandler
  #socket!: Socket
  #error: Error | undefined
  #paused = false
  /** One entry for each write that the kernel has not taken, oldest first. */
  readonly #unwritten: ((() => void) | undefined)[] = []

  attach(socket: Socket): void {
    this.#socket = socket
    const peer = () => {
      this.remoteHost = socket.remoteAddress ?? ''
      this.remotePort = socket.remotePort ?? 0
    }
    peer()
    socket.once('connect', peer)
    socket.on('drain', () => this.handler.onDrain?.())
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.once('close', () => {
      while (this.#unwritten.length > 0) this.#unwritten.shift()?.()
      this.handler.onClose(this.#error)
    })
  }

  /** Reads, or reads on, unless somebody wants it to pause. */
  start(): void {
    if (!this.#paused) this.#socket.resume()
  }

  receive(chunk: Buffer): void {
    if (!this.#socket.destroyed) this.handler.onData(chunk)
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  get unsentBytes(): number {
    // What `net.Socket` itself looks at for its time-outs; undocumented, and not there with TLS.
    const { _handle } = this.#socket as unknown as { _handle?: { writeQueueSize?: number } }
    return this.#socket.writableLength + (_handle?.writeQueueSize ?? 0)
  }

  write(chunks: readonly Buffer[], onWritten?: () => void): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      if (onWritten) setImmediate(onWritten)
      return true
    }
    const joined = join(chunks)
    this.#unwritten.push(onWritten)
    const taken = () => this.#unwritten.shift()?.()
    if (joined.length === 1) return this.#socket.write(joined[0]!, taken)
    this.#socket.cork()
    for (let i = 0; i < joined.length - 1; i++) this.#socket.write(joined[i]!)
    const goOn = this.#socket.write(joined.at(-1) ?? Buffer.alloc(0), taken)
    this.#socket.uncork()
    return goOn
  }

  sendFile(file: File, position: number, length: number): number {
    const socket = this.#idleSocket
    return socket < 0 || !(file instanceof NodeFile)
      ? 0
      : sendFile(socket, file.fd, position, length)
  }

  sendAhead(bytes: Buffer): number {
    const socket = this.#idleSocket
    return socket < 0 ? 0 : sendAhead(socket, bytes)
  }

  /** The descriptor, when nothing waits to be sent and nothing is encrypted: else -1. */
  get #idleSocket(): number {
    const socket = this.#socket as Socket & {
      encrypted?: boolean
      _handle?: { fd?: number } | null
    }
    if (socket.encrypted || socket.writableEnded || this.unsentBytes > 0) return -1
    return socket._handle?.fd ?? -1
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** Neighbouring small chunks as one. */
function join(chunks: readonly Buffer[]): readonly Buffer[] {
  if (chunks.length < 2) return chunks
  const joined: Buffer[] = []
  let small: Buffer[] = []
  const flush = () => {
    if (small.length > 0) joined.push(small.length === 1 ? small[0]! : Buffer.concat(small))
    small = []
  }
  for (const chunk of chunks) {
    if (chunk.length < joinBytesMax) small.push(chunk)
    else {
      flush()
      joined.push(chunk)
    }
  }
  flush()
  return joined
}
