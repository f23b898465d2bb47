/** Looks at records on a thread of its own: see `CheckBudget`. */
import { answerQuestions } from '../env/node-threads.ts'
import { checkRecords, type RecordCheck } from './check-records.ts'

answerQuestions((message: RecordCheck) => {
  // Buffers arrive as the arrays that they are made of.
  const { buffer, byteOffset, length } = message.batch
  const checked = checkRecords({ ...message, batch: Buffer.from(buffer, byteOffset, length) })
  if (!('bytes' in checked)) return { value: checked, moved: [] }
  const { bytes } = checked
  // A view of memory that is shared with others would take it away from them.
  const owned = bytes.length === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)
  return { value: { ...checked, bytes: owned }, moved: [owned.buffer as ArrayBuffer] }
})
