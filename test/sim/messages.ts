/** What goes over the wire as lines that people can read: the message sequence of a run. */
import type { Message } from '../../protocol/coordinator/messages.ts'
import { baseSequenceOf, producerIdOf } from '../../protocol/record-batch.ts'
import type { Asked, TapListener } from './tap.ts'

/** `note` takes a line. What repeats all the time and tells nothing is left out. */
export function printer(note: (line: string) => void): TapListener {
  return {
    asked: (asked) => {
      const text = questionText(asked)
      if (text !== undefined) note(`${asked.from} > ${asked.to} ${asked.api.name} ${text}`)
    },
    answered: (asked, response) => {
      const text = answerText(asked, response)
      if (text !== undefined) note(`${asked.to} > ${asked.from} ${asked.api.name} answer ${text}`)
    },
    told: (from, to, message) => {
      const text = messageText(message)
      if (text !== undefined) note(`${from} > ${to} ${message.type} ${text}`)
    },
  }
}

function questionText({ api, request }: Asked): string | undefined {
  if (api.name === 'Produce')
    return request.topicData
      .flatMap(({ partitionData }: any) => partitionData)
      .map(
        ({ index, records }: any) =>
          `${index}: ${producerIdOf(records, 0)}/${baseSequenceOf(records, 0)}`,
      )
      .join(', ')
  if (api.name === 'Fetch')
    return request.topics
      .flatMap(({ partitions }: any) => partitions)
      .map((each: any) => `${each.partition}@${each.fetchOffset} epoch ${each.currentLeaderEpoch}`)
      .join(', ')
  return api.name === 'ListOffsets' || api.name === 'ApiVersions' ? undefined : ''
}

function answerText({ api }: Asked, response: any): string | undefined {
  if (api.name === 'Produce')
    return response.responses
      .flatMap(({ partitionResponses }: any) => partitionResponses)
      .map(
        ({ index, errorCode, baseOffset }: any) => `${index}: ${errorCode || `at ${baseOffset}`}`,
      )
      .join(', ')
  if (api.name === 'Fetch')
    return response.responses
      .flatMap(({ partitions }: any) => partitions)
      .map((each: any) => {
        const end = each.divergingEpoch
        const diverging = end?.epoch >= 0 ? ` diverging ${end.epoch}@${end.endOffset}` : ''
        return `${each.partitionIndex}: ${each.errorCode || `${each.records?.length ?? 0} bytes, hw ${each.highWatermark}`}${diverging}`
      })
      .join(', ')
  return undefined
}

function messageText(message: Message): string | undefined {
  switch (message.type) {
    case 'heartbeat':
    case 'grant':
      return undefined
    case 'metadata':
      return `${message.fromRevision}..${message.toRevision} wait ${JSON.stringify(message.serveAfter)}`
    case 'adminOp':
    case 'adminAck':
      return ''
    default: {
      const { type: _, ...rest } = message as {
        type: string
        listeners?: unknown
        features?: unknown
      }
      return JSON.stringify({ ...rest, listeners: undefined, features: undefined })
    }
  }
}
