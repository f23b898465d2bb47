/** DescribeTimeline 0, an API of Ottla: the coordinator tells what it did lately. */
import { DescribeTimeline } from '../../../protocol/ottla/describe-timeline.ts'
import { forwarded } from '../forwarded.ts'

export const describeTimeline = forwarded(DescribeTimeline, {
  failure: (_request, errorCode, errorMessage) => ({
    errorCode,
    errorMessage,
    coordinator: -1,
    startedMs: -1,
    events: [],
  }),
})
