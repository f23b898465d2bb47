/**
 * HTTP of Node, for monitoring: one answer to each connection, which is then closed. Whatever a peer
 * does, it holds one of few connections, for seconds.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http, HttpAnswer, HttpListener } from './env.ts'
import { bind } from './node-net.ts'

const connectionsMax = 16
const headerBytesMax = 8 * 1024
/** A request that has not come whole, or an answer of which nothing is read, ends after it. */
const patienceMs = 5_000

export const nodeHttp: Http = {
  listen({ host, port }, answer) {
    // Loaded when it is wanted: most processes have no use for it.
    const { createServer } = process.getBuiltinModule('node:http')
    const options = {
      maxHeaderSize: headerBytesMax,
      headersTimeout: patienceMs,
      requestTimeout: patienceMs,
      connectionsCheckingInterval: 1_000,
    }
    const server = createServer(options, (request, response) => {
      // What a body says does not matter, and must not be kept.
      request.resume()
      const { method = '', url = '/' } = request
      answer({ method, path: url.split('?')[0] ?? '' }).then(
        (given) => send(request, response, given),
        () => send(request, response, { status: 500, body: 'It failed; the log says why.\n' }),
      )
    })
    server.maxConnections = connectionsMax
    server.timeout = patienceMs
    return listen(server, host, port)
  },
}

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const { status, headers, body } = answer
  const plain = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }
  response.writeHead(status, { ...plain, ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function listen(server: Server, host: string, port: number): Promise<HttpListener> {
  let connections = 0
  let refused = 0
  server.on('connection', (socket) => {
    connections++
    socket.once('close', () => connections--)
  })
  server.on('drop', () => refused++)
  return {
    ...(await bind(server, host, port)),
    connectionsMax,
    get connections() {
      return connections
    },
    get refused() {
      return refused
    },
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
