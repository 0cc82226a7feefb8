import type { Layout } from './layout.ts'
import { type FitSettings, type Kernels, kernelsOf, type Quantities } from './model.ts'

// The first fit that others begin at, and how many times as many trials the next one has.
const FIRST = 8
const NEXT = 1.25

// Above that, kernel parameters are fitted anew whenever there are 2 % more trials.
const REFITTED_MAX = 100
const REFITTED_NEXT = 1.02

const NONE: Kernels = new Map()

/**
 * Kernel parameters that follow from the trials alone, whenever they are asked for: a search that is told of its trials
 * again comes to the same ones to the last digit.
 *
 * A fit begins where that to the first 8, 10, 13, 17, … of the trials ended, each of which begins where the one before
 * ended: near enough to need few steps, and all of them together take about twice as long as the last.
 */
export class Fits {
  readonly #isDeterministic: boolean
  #layout: Layout | undefined
  /** By how many trials they were fitted to: those that others begin at. */
  readonly #starts = new Map<number, Kernels>()
  #last: { readonly count: number; readonly kernels: Kernels } | undefined

  constructor(isDeterministic: boolean) {
    this.#isDeterministic = isDeterministic
  }

  /** What a model of trials with these coordinates is made with. */
  settingsFor({ isCategorical }: Layout): FitSettings {
    return { isCategorical, isDeterministic: this.#isDeterministic }
  }

  /**
   * The kernel parameters that stand after `count` trials.
   * @param quantitiesOf - What is modelled of the first trials, by the coordinates of `layout`.
   */
  after(count: number, layout: Layout, quantitiesOf: (count: number) => Quantities): Kernels {
    if (this.#layout?.hasSameCoordinates(layout) !== true) {
      this.#starts.clear()
      this.#last = undefined
    }
    this.#layout = layout
    const fitted = count <= REFITTED_MAX ? count : lastStep(REFITTED_MAX, REFITTED_NEXT, count)
    if (this.#last?.count !== fitted) {
      this.#last = { count: fitted, kernels: this.#fit(fitted, layout, quantitiesOf) }
    }
    return this.#last.kernels
  }

  #fit(count: number, layout: Layout, quantitiesOf: (count: number) => Quantities): Kernels {
    const known = this.#starts.get(count)
    if (known !== undefined) return known
    const before = count <= FIRST ? undefined : lastStep(FIRST, NEXT, count - 1)
    const start = before === undefined ? NONE : this.#fit(before, layout, quantitiesOf)
    const kernels = kernelsOf(quantitiesOf(count), start, this.settingsFor(layout))
    if (count >= FIRST && lastStep(FIRST, NEXT, count) === count) this.#starts.set(count, kernels)
    return kernels
  }
}

/** The last step up to `most`, of steps that begin at `first` and grow by a factor, rounded up. */
function lastStep(first: number, factor: number, most: number): number {
  let step = first
  for (;;) {
    const next = Math.ceil(step * factor)
    if (next > most) return step
    step = next
  }
}
