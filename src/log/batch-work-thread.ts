/** Does `BatchWork` on a thread of its own: see `LargeBatches`. */
import { answerQuestions } from '../env/node-threads.ts'
import { type BatchWork, doBatchWork } from './batch-work.ts'

answerQuestions((work: BatchWork) => {
  // Buffers arrive as the arrays that they are made of.
  const { buffer, byteOffset, length } = work.batch
  const done = doBatchWork({ ...work, batch: Buffer.from(buffer, byteOffset, length) })
  if (!('bytes' in done)) return { value: done, moved: [] }
  const { bytes } = done
  // A view of memory that is shared with others would take it away from them.
  const owned = bytes.length === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)
  return { value: { bytes: owned }, moved: [owned.buffer as ArrayBuffer] }
})
