import type { Metrics } from './metrics.ts'

/**
 * The reports of one trial, kept small: as long as every report carries the same keys with numbers,
 * one flat array of numbers; from the first that does not, one object a report.
 *
 * A hundred thousand finished trials stay in memory, so this is where an experiment's memory goes.
 */
export class History {
  #keys: readonly string[] | undefined
  // Rows of `#keys.length` numbers, one after the other.
  #flat: number[] = []
  #rows: Metrics[] | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  push(metrics: Metrics): void {
    this.#length++
    if (this.#rows !== undefined) this.#rows.push(metrics)
    else if (!this.#pushFlat(metrics)) {
      this.#rows = [...this.#decoded(this.#length - 1), metrics]
      this.#flat = []
    }
  }

  /** Forgets all reports from index `length` on: a new attempt starts from an earlier checkpoint. */
  truncate(length: number): void {
    if (length >= this.#length) return
    this.#length = length
    if (this.#rows === undefined) this.#flat.length = length * (this.#keys?.length ?? 0)
    else this.#rows.length = length
  }

  at(index: number): Metrics | undefined {
    const i = index < 0 ? this.#length + index : index
    if (i < 0 || i >= this.#length) return undefined
    return this.#rows === undefined ? this.#row(i) : this.#rows[i]
  }

  *[Symbol.iterator](): IterableIterator<Metrics> {
    for (let i = 0; i < this.#length; i++) yield this.at(i) as Metrics
  }

  toArray(): Metrics[] {
    return [...this]
  }

  /** Gives back the room that growing arrays hold in reserve. Call it when the trial has ended. */
  compact(): void {
    if (this.#rows === undefined) this.#flat = this.#flat.slice()
    else this.#rows = this.#rows.slice()
  }

  #pushFlat(metrics: Metrics): boolean {
    const keys = (this.#keys ??= sharedKeys(Object.keys(metrics)))
    const start = this.#flat.length
    let i = 0
    for (const key in metrics) {
      const value = metrics[key]
      if (typeof value !== 'number' || key !== keys[i]) {
        this.#flat.length = start
        return false
      }
      this.#flat.push(value)
      i++
    }
    if (i === keys.length) return true
    this.#flat.length = start
    return false
  }

  #row(index: number): Metrics {
    const keys = this.#keys as readonly string[]
    const row: Record<string, number> = {}
    for (let i = 0; i < keys.length; i++)
      row[keys[i] as string] = this.#flat[index * keys.length + i] as number
    return row
  }

  #decoded(length: number): Metrics[] {
    return Array.from({ length }, (_, i) => this.#row(i))
  }
}

// Trials of one experiment report the same keys: they share one array of them.
const lastKeys: { keys: readonly string[] } = { keys: [] }

function sharedKeys(keys: readonly string[]): readonly string[] {
  const shared = lastKeys.keys
  if (keys.length === shared.length && keys.every((key, i) => key === shared[i])) return shared
  lastKeys.keys = keys
  return keys
}
