/** Producer ids from blocks that the coordinator hands out, so that no two producers ever share one. */
import { AllocateProducerIds } from '../../protocol/messages/allocate-producer-ids.ts'
import { RequestError } from './handler.ts'
import type { CoordinatorClient } from './session/coordinator-client.ts'
import { CoordinatorError } from './session/session.ts'

export class ProducerIds {
  readonly #session: CoordinatorClient
  readonly #nodeId: number
  #next = 0
  #end = 0
  #refill: Promise<void> | undefined

  constructor(session: CoordinatorClient, nodeId: number) {
    this.#session = session
    this.#nodeId = nodeId
  }

  async next(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#refill ??= this.#allocate().finally(() => {
        this.#refill = undefined
      })
      await this.#refill
    }
    return this.#next++
  }

  async #allocate(): Promise<void> {
    const request = { brokerId: this.#nodeId, brokerEpoch: this.#session.brokerEpoch }
    try {
      const block = await this.#session.requests.submit(AllocateProducerIds, request)
      if (block.errorCode !== 0)
        throw new RequestError(block.errorCode, 'The coordinator gave no producer ids')
      this.#next = block.producerIdStart
      this.#end = block.producerIdStart + block.producerIdLen
    } catch (error) {
      if (error instanceof CoordinatorError) throw new RequestError(error.errorCode, error.message)
      throw error
    }
  }
}
