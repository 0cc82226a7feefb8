import type { Digit } from './data.ts'

/** What a network has learned: the weights of each unit, the bias last. */
export interface Weights {
  readonly hidden: readonly Float64Array[] // width × (64 + 1)
  readonly output: readonly Float64Array[] // 10 × (width + 1)
}

/** How a network learns. */
export interface Learning {
  readonly learningRate: number
  readonly momentum: number
  /** Digits a step. */
  readonly batchSize: number
}

/** One unit, with where its weights are heading. */
interface Unit {
  readonly weights: Float64Array
  readonly gradient: Float64Array
  readonly velocity: Float64Array
}

/**
 * One hidden layer of rectified linear units and a softmax over the ten digits. It learns by stochastic gradient
 * descent with momentum on the cross-entropy.
 */
export class Network {
  readonly #hidden: readonly Unit[]
  readonly #output: readonly Unit[]
  // What the hidden units made of the last digit, and a 1 for the biases of the output units.
  readonly #signals: Float64Array

  constructor({ hidden, output }: Weights) {
    this.#hidden = hidden.map(unitOf)
    this.#output = output.map(unitOf)
    this.#signals = new Float64Array(hidden.length + 1).fill(1)
  }

  get weights(): Weights {
    return {
      hidden: this.#hidden.map(({ weights }) => weights),
      output: this.#output.map(({ weights }) => weights),
    }
  }

  /** Goes through the digits once, in an order drawn from `random`. */
  trainEpoch(digits: readonly Digit[], learning: Learning, random: () => number): void {
    const shuffled = shuffle([...digits], random)
    for (let start = 0; start < shuffled.length; start += learning.batchSize) {
      const batch = shuffled.slice(start, start + learning.batchSize)
      for (const digit of batch) this.#addGradient(digit)
      for (const unit of this.#hidden) stepDown(unit, learning, batch.length)
      for (const unit of this.#output) stepDown(unit, learning, batch.length)
    }
  }

  /** The share of the digits that are read right, and the mean cross-entropy. */
  evaluate(digits: readonly Digit[]): { accuracy: number; loss: number } {
    let right = 0
    let loss = 0
    for (const { image, label } of digits) {
      const probabilities = this.#read(image)
      if (probabilities.indexOf(Math.max(...probabilities)) === label) right++
      loss -= Math.log(Math.max(probabilities[label] as number, 1e-12))
    }
    return { accuracy: right / digits.length, loss: loss / digits.length }
  }

  /** How probable each digit is. */
  #read(image: Float64Array): number[] {
    for (const [i, { weights }] of this.#hidden.entries()) this.#signals[i] = Math.max(0, dot(weights, image))
    return softmax(this.#output.map(({ weights }) => dot(weights, this.#signals)))
  }

  #addGradient({ image, label }: Digit): void {
    const probabilities = this.#read(image)
    const blame = new Float64Array(this.#signals.length)
    for (const [digit, { weights, gradient }] of this.#output.entries()) {
      const error = (probabilities[digit] as number) - (digit === label ? 1 : 0)
      addScaled(gradient, error, this.#signals)
      addScaled(blame, error, weights)
    }
    for (const [i, { gradient }] of this.#hidden.entries()) {
      if (this.#signals[i] !== 0) addScaled(gradient, blame[i] as number, image)
    }
  }
}

/** Weights to begin with, spread so that signals neither fade nor grow from layer to layer (He et al. 2015). */
export function initialWeights(width: number, random: () => number): Weights {
  const layer = (units: number, inputs: number) =>
    Array.from({ length: units }, () =>
      Float64Array.from({ length: inputs + 1 }, (_, i) =>
        i === inputs ? 0 : (2 * random() - 1) * Math.sqrt(6 / inputs),
      ),
    )
  return { hidden: layer(width, 64), output: layer(10, width) }
}

function unitOf(weights: Float64Array): Unit {
  return {
    weights: weights.slice(),
    gradient: new Float64Array(weights.length),
    velocity: new Float64Array(weights.length),
  }
}

function stepDown(
  { weights, gradient, velocity }: Unit,
  { learningRate, momentum }: Learning,
  digits: number,
): void {
  for (let i = 0; i < velocity.length; i++) velocity[i] = momentum * (velocity[i] as number)
  addScaled(velocity, -learningRate / digits, gradient)
  addScaled(weights, 1, velocity)
  gradient.fill(0)
}

function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - highest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

/** sum ← sum + factor · values */
function addScaled(sum: Float64Array, factor: number, values: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + factor * (values[i] as number)
}

/** Fisher and Yates: every order is as likely as any other. */
function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[items[i], items[j]] = [items[j] as T, items[i] as T]
  }
  return items
}
