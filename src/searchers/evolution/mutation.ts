import type { RandomStream } from '../../random/random.ts'
import { clipUnit, drawn, type Gene, type NumberGene } from './genes.ts'

/** Changes the value of one parameter. */
export type Mutation = (gene: Gene, value: unknown, random: RandomStream) => unknown

/**
 * A new number near the old one: a step of polynomial density within the bounds. Where the domain's steps are so wide
 * that the old value would come out again, the number goes on in its direction to the next one. Unordered choices are
 * drawn anew.
 * Source: Deb et al. 2002, section III, as in revision 1.1.6 of the authors' program.
 * @param eta - Distribution index, from 0; the larger, the nearer.
 */
export function polynomialMutation(eta: number): Mutation {
  return (gene, value, random) => {
    if (gene.kind === 'choice') return drawn(gene, random)
    const unit = gene.toUnit(value)
    return beyond(gene, unit, polynomialStep(unit, eta, random.next()))
  }
}

/** A new value drawn from the prior, which may be the old one: what Optuna 5 does by default. */
export const uniformMutation: Mutation = (gene, _value, random) => drawn(gene, random)

/**
 * @param x - From 0 to 1.
 * @param u - Uniform in [0, 1).
 * @returns The step to take, so that x plus it lies from 0 to 1.
 */
export function polynomialStep(x: number, eta: number, u: number): number {
  const power = 1 / (eta + 1)
  if (u <= 0.5) return (2 * u + (1 - 2 * u) * (1 - x) ** (eta + 1)) ** power - 1
  return 1 - (2 * (1 - u) + (2 * u - 1) * x ** (eta + 1)) ** power
}

// A step as small as rounding allows has grown to the whole interval after so many doublings.
const DOUBLINGS_MAX = 60

function beyond(gene: NumberGene, unit: number, step: number): unknown {
  const old = gene.fromUnit(unit)
  for (const direction of [1, -1]) {
    let reach = direction * step
    for (let i = 0; i < DOUBLINGS_MAX; i++, reach *= 2) {
      const place = clipUnit(unit + reach)
      const value = gene.fromUnit(place)
      if (value !== old) return value
      if (place === 0 || place === 1) break
    }
  }
  return old
}
