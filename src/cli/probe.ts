/** Looks at an address step by step: name, TCP, TLS. For `connect-check`. */
import { lookup } from 'node:dns/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Endpoint } from '../client/client-options.ts'
import { type Language, languageOf } from '../client/frame-assembler.ts'
import type { TlsOptions } from '../env/env.ts'

/** How long each step may take. */
const stepMs = 10_000
/** Servers that speak first do it within this time; HTTP answers nonsense in it. */
const listenMs = 1_000

export async function resolveHost(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}

/** Rejects with the system's error. */
export function openTcp({ host, port }: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port })
    socket.setTimeout(stepMs, () =>
      socket.destroy(
        Object.assign(new Error(`no answer in ${stepMs / 1000} s`), { code: 'ETIMEDOUT' }),
      ),
    )
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

export interface TlsFacts {
  readonly protocol: string
  readonly subject: string
  readonly issuer: string
  readonly validTo: string
  readonly names: string
}

/** Rejects with OpenSSL's error. */
export function openTls({ host, port }: Endpoint, tls: TlsOptions): Promise<TlsFacts> {
  return new Promise((resolve, reject) => {
    const { serverName, verifyHostname = true, ...rest } = tls
    const given = Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined),
    )
    const servername = serverName ?? (/^[\d.]+$|:/.test(host) ? undefined : host)
    const socket: TLSSocket = connectTls({
      host,
      port,
      ...given,
      ...(servername && { servername }),
      ...(!verifyHostname && { checkServerIdentity: () => undefined }),
    })
    socket.setTimeout(stepMs, () => socket.destroy(new Error(`no answer in ${stepMs / 1000} s`)))
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate()
      const text = (name: object | undefined) =>
        Object.values(name ?? {})
          .flat()
          .join(', ')
      resolve({
        protocol: socket.getProtocol() ?? '',
        subject: text(certificate.subject),
        issuer: text(certificate.issuer),
        validTo: certificate.valid_to,
        names: certificate.subjectaltname ?? '',
      })
      socket.destroy()
    })
  })
}

/** What is spoken behind a port that does not speak plain Kafka. */
export async function guessLanguage(endpoint: Endpoint): Promise<Language> {
  const said = await firstWords(endpoint, Buffer.from('GET / HTTP/1.0\r\n\r\n')).catch(() =>
    Buffer.alloc(0),
  )
  if (said.length > 0) {
    const language = languageOf(said)
    if (language !== 'unknown') return language
  }
  const speaksTls = await openTls(endpoint, { rejectUnauthorized: false }).then(
    () => true,
    () => false,
  )
  return speaksTls ? 'TLS' : 'unknown'
}

async function firstWords(endpoint: Endpoint, question: Buffer): Promise<Buffer> {
  const socket = await openTcp(endpoint)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const end = () => {
      socket.destroy()
      resolve(Buffer.concat(chunks))
    }
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (Buffer.concat(chunks).length >= 8) end()
    })
    socket.on('error', end)
    socket.on('close', end)
    setTimeout(end, listenMs).unref()
    socket.write(question)
  })
}
