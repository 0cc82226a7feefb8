import type { RandomStream } from '../../random/random.ts'
import type { Domain } from '../../space/domain.ts'
import { cardinality, encodingOf } from '../../space/encoding.ts'
import { choiceIndex } from '../../space/values.ts'

/** A parameter that is a number on the unit interval, even on its scale: numbers, and choices that have an order. */
export interface NumberGene {
  readonly kind: 'number'
  /** From 0 to 1; a value out of the domain goes to the nearer end. */
  toUnit(value: unknown): number
  /** The nearest value of the domain. */
  fromUnit(unit: number): unknown
  /** A place drawn from the prior. */
  draw(random: RandomStream): number
}

/** A parameter whose values have nothing in common. */
export interface ChoiceGene {
  readonly kind: 'choice'
  readonly choices: readonly unknown[]
}

/** How a parameter is crossed over and mutated. */
export type Gene = NumberGene | ChoiceGene

const genes = new WeakMap<Domain, Gene>()

/**
 * The gene of a domain. Logarithmic domains are even in the logarithm, each step has equal room on the scale, and a
 * normal domain spans five standard deviations to either side.
 * @param domain - Not `computed`.
 */
export function geneOf(domain: Domain): Gene {
  let gene = genes.get(domain)
  if (gene === undefined) genes.set(domain, (gene = makeGene(domain)))
  return gene
}

function makeGene(domain: Domain): Gene {
  if (domain.kind === 'grid' || (domain.kind === 'categorical' && !domain.ordered)) {
    return { kind: 'choice', choices: domain.choices }
  }
  const { encode, decode } = encodingOf([{ path: 'value', domain }], { unit: true })
  const isUsable = (value: unknown): boolean =>
    domain.kind === 'categorical' ? choiceIndex(domain, value) >= 0 : typeof value === 'number'
  return {
    kind: 'number',
    toUnit: (value) => (isUsable(value) ? clipUnit(encode({ value })[0] as number) : 0.5),
    fromUnit: (unit) => decode([unit])['value'],
    draw(random) {
      // Ten standard deviations are as wide as the interval.
      if (domain.kind === 'normal') return clipUnit(0.5 + random.normal() / 10)
      return cardinality(domain) === 1 ? 0.5 : random.next()
    },
  }
}

/** A value drawn from the prior. */
export function drawn(gene: Gene, random: RandomStream): unknown {
  return gene.kind === 'choice'
    ? gene.choices[random.below(gene.choices.length)]
    : gene.fromUnit(gene.draw(random))
}

/** The nearest number from 0 to 1. */
export function clipUnit(x: number): number {
  return x < 0 ? 0 : x > 1 ? 1 : x
}
