import type { Kernel, Timer } from '../runtime/kernel.ts'

interface Delayed<Item> {
  readonly ms: number
  readonly item: Item
}

/** Sends one item after the other, each so many milliseconds after its turn has come. */
export class DelayLine<Item> {
  readonly #kernel: Kernel
  readonly #send: (item: Item) => void
  #queue: Delayed<Item>[] = []
  #timer: Timer
  // One function for all items: a trial sends thousands.
  readonly #sendHead = (): void => {
    const head = this.#queue.shift()
    this.#waitForHead()
    if (head !== undefined) this.#send(head.item)
  }

  constructor(kernel: Kernel, send: (item: Item) => void) {
    this.#kernel = kernel
    this.#send = send
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  push(ms: number, item: Item): void {
    if (this.#queue.push({ ms, item }) === 1) this.#waitForHead()
  }

  clear(): void {
    if (this.isEmpty) return
    this.#kernel.clearTimeout(this.#timer)
    this.#queue = []
  }

  #waitForHead(): void {
    const head = this.#queue[0]
    if (head !== undefined) this.#timer = this.#kernel.setTimeout(this.#sendHead, head.ms)
  }
}
