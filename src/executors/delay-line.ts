import type { Kernel, Timer } from '../runtime/kernel.ts'

interface Delayed {
  readonly ms: number
  readonly send: () => void
}

/** Calls one function after the other, each so many milliseconds after its turn has come. */
export class DelayLine {
  readonly #kernel: Kernel
  #queue: Delayed[] = []
  #timer: Timer

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  push(ms: number, send: () => void): void {
    if (this.#queue.push({ ms, send }) === 1) this.#waitForHead()
  }

  clear(): void {
    if (this.isEmpty) return
    this.#kernel.clearTimeout(this.#timer)
    this.#queue = []
  }

  #waitForHead(): void {
    const head = this.#queue[0]
    if (head === undefined) return
    this.#timer = this.#kernel.setTimeout(() => {
      this.#queue.shift()
      this.#waitForHead()
      head.send()
    }, head.ms)
  }
}
