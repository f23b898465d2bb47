/**
 * The headers in front of every request and response body.
 *
 *     request v1   int16 apiKey | int16 apiVersion | int32 correlationId | nullable string clientId
 *     request v2   the same, clientId still with an int16 length, then tags (KIP-482)
 *     response v0  int32 correlationId
 *     response v1  int32 correlationId | tags
 *
 * The newer header goes with the flexible versions of an API. Only the response of ApiVersions
 * keeps header 0 for ever: a client must be able to read it before it knows what the broker speaks.
 */
import type { Reader, Writer } from './bytes.ts'
import { ProtocolError } from './bytes.ts'
import { skipTags } from './codec.ts'
import { ApiVersions } from './messages/api-versions.ts'
import { type Api, string } from './schema.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** Empty when the client sent null. */
  readonly clientId: string
}

/**
 * Array elements that one request may hold in all. A struct of three bytes becomes an object of a
 * hundred, so without this bound a frame of 100 MiB could take the whole heap; with it the worst
 * takes about 100 MB. It admits requests for every partition of the largest clusters.
 */
export const requestElementsMax = 1_000_000

/** What the headers need to know of an API. */
type ApiShape = Pick<Api<any, any>, 'key' | 'flexible'>

const clientIds = string.nullable().type.compile(0, false, true)

/** Versions outside the API's range count too: an ApiVersions of a later release is answered (KIP-511). */
export function requestHeaderVersion(api: ApiShape, apiVersion: number): 1 | 2 {
  return apiVersion >= api.flexible ? 2 : 1
}

export function responseHeaderVersion(api: ApiShape, apiVersion: number): 0 | 1 {
  return apiVersion >= api.flexible && api.key !== ApiVersions.key ? 1 : 0
}

/**
 * Reads a header and leaves the reader at the body, which may have `requestElementsMax` elements.
 * The version of the API is not judged.
 *
 * @throws ProtocolError for a key that `apiByKey` does not know, and for bytes that are no header.
 */
export function readRequestHeader(
  reader: Reader,
  apiByKey: (key: number) => ApiShape | undefined,
): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const api = apiByKey(apiKey)
  if (api === undefined) throw new ProtocolError(`There is no API with the key ${apiKey}`)
  const clientId: string = clientIds.read(reader) ?? ''
  if (requestHeaderVersion(api, apiVersion) === 2) skipTags(reader)
  reader.elementsLeft = requestElementsMax
  return { apiKey, apiVersion, correlationId, clientId }
}

export function writeRequestHeader(
  writer: Writer,
  api: ApiShape,
  header: { apiVersion: number; correlationId: number; clientId: string | null },
): void {
  writer.int16(api.key)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  clientIds.write(writer, header.clientId)
  if (requestHeaderVersion(api, header.apiVersion) === 2) writer.uvarint(0)
}

/** Reads the correlation id and leaves the reader at the body. */
export function readResponseHeader(reader: Reader, api: ApiShape, apiVersion: number): number {
  const correlationId = reader.int32()
  if (responseHeaderVersion(api, apiVersion) === 1) skipTags(reader)
  return correlationId
}

/** Never with tags: @platformatic/kafka skips exactly one byte here. */
export function writeResponseHeader(
  writer: Writer,
  api: ApiShape,
  header: { apiVersion: number; correlationId: number },
): void {
  writer.int32(header.correlationId)
  if (responseHeaderVersion(api, header.apiVersion) === 1) writer.uvarint(0)
}
