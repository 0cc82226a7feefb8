import { partitionPoint } from '../../core/partition-point.ts'
import { grown } from './grown.ts'

/** Trials in order of two keys, the smaller first; equal ones in order of their numbers. A new one costs O(log n) steps. */
export class SortedTrials {
  #count = 0
  #first = new Float64Array(16)
  #second = new Float64Array(16)
  #numbers = new Float64Array(16)

  /** How many there are. */
  get size(): number {
    return this.#count
  }

  /** @param first - Not NaN, as `second`. */
  add(number: number, first: number, second = 0): void {
    const at = this.#placeOf(number, first, second)
    const n = this.#count++
    if (n === this.#numbers.length) this.#grow(2 * n)
    for (const keys of [this.#first, this.#second, this.#numbers]) keys.copyWithin(at + 1, at, n)
    this.#first[at] = first
    this.#second[at] = second
    this.#numbers[at] = number
  }

  /** Numbers of the first `k`, or of all when there are fewer. A view, good until the next `add`. */
  head(k: number): Float64Array {
    return this.#numbers.subarray(0, Math.min(k, this.#count))
  }

  #grow(capacity: number): void {
    this.#first = grown(this.#first, capacity)
    this.#second = grown(this.#second, capacity)
    this.#numbers = grown(this.#numbers, capacity)
  }

  #placeOf(number: number, first: number, second: number): number {
    return partitionPoint(this.#count, (i) => this.#isBefore(i, number, first, second))
  }

  #isBefore(at: number, number: number, first: number, second: number): boolean {
    if (this.#first[at] !== first) return (this.#first[at] as number) < first
    if (this.#second[at] !== second) return (this.#second[at] as number) < second
    return (this.#numbers[at] as number) < number
  }
}
