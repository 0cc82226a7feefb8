import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import type { Crossover } from '../../src/searchers/evolution/crossover.ts'
import { geneOf } from '../../src/searchers/evolution/genes.ts'
import { type Mutation, polynomialMutation, uniformMutation } from '../../src/searchers/evolution/mutation.ts'
import {
  type CrossoverOptions,
  crossoverOf,
  OPERATOR_DEFAULTS,
} from '../../src/searchers/evolution/operators.ts'
import { choice, ordinal } from '../../src/space/choices.ts'
import type { Domain } from '../../src/space/domain.ts'
import { contains } from '../../src/space/encoding.ts'
import { lograndint, randint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, reverseLoguniform, uniform } from '../../src/space/numbers.ts'

const KINDS = ['uniform', 'blxAlpha', 'sbx', 'vsbx', 'spx', 'undx'] as const

const A = Float64Array.of(0.2, 0.5, 0.9)
const B = Float64Array.of(0.4, 0.5, 0.6)
const C = Float64Array.of(0.3, 0.8, 0.7)

function operator(given: CrossoverOptions['kind'] | CrossoverOptions): Crossover {
  return crossoverOf(given, 0.5, true)
}

/** Many children of the same parents. */
function childrenOf(
  crossover: Crossover,
  parents: readonly Float64Array[] = [A, B, C],
  count = 4000,
): Float64Array[] {
  const random = randomStream('children')
  const family = parents.slice(0, crossover.parentCount)
  return Array.from({ length: count }, () => crossover.cross(family, random))
}

function column(children: readonly Float64Array[], i: number): number[] {
  return children.map((child) => child[i] as number)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((x) => (x - middle) ** 2)))
}

describe('crossovers', () => {
  it.each(KINDS)('%s gives children about the middle of their parents', (kind) => {
    const crossover = operator(kind)
    const centre = crossover.parentCount === 2 || kind === 'undx' ? [A, B] : [A, B, C]
    const children = childrenOf(crossover)
    for (const i of [0, 1, 2]) {
      expect(mean(column(children, i))).toBeCloseTo(mean(centre.map((row) => row[i] as number)), 1)
    }
  })

  // vsbx leaves no place out, not even around equal parents.
  it.each(KINDS.filter((kind) => kind !== 'vsbx'))('%s copies equal parents, within rounding', (kind) => {
    for (const child of childrenOf(operator(kind), [A, A, A], 50)) {
      child.forEach((x, i) => expect(x).toBeCloseTo(A[i] as number, 8))
    }
  })

  it.each(KINDS)('%s leaves the parents as they are and repeats with the stream', (kind) => {
    const before = [A, B, C].map((row) => [...row])
    expect(childrenOf(operator(kind), undefined, 5)).toEqual(childrenOf(operator(kind), undefined, 5))
    expect([A, B, C].map((row) => [...row])).toEqual(before)
  })

  it('uniform takes each number from the second parent as often as swappingProb says', () => {
    const children = childrenOf(crossoverOf('uniform', 0.2, true))
    const swapped = column(children, 0).filter((x) => x === B[0]).length
    expect(swapped / children.length).toBeCloseTo(0.2, 1)
    expect(column(children, 0).every((x) => x === A[0] || x === B[0])).toBe(true)
  })

  it('blxAlpha draws evenly from the widened interval and fills it', () => {
    const xs = column(childrenOf(operator({ kind: 'blxAlpha', alpha: 1 })), 0)
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(0)
    expect(Math.min(...xs)).toBeLessThan(0.01)
    expect(Math.max(...xs)).toBeGreaterThan(0.59)
    expect(Math.max(...xs)).toBeLessThanOrEqual(0.6)
  })

  it.each(['sbx', 'vsbx'] as const)('%s keeps children nearer to the parents, the larger eta is', (kind) => {
    const away = (eta: number): number => {
      const options = { kind, eta, useChildGeneProb: 1, uniformCrossoverProb: 0 }
      return mean(
        column(childrenOf(operator(options)), 2).map((x) => Math.min(Math.abs(x - 0.9), Math.abs(x - 0.6))),
      )
    }
    expect(away(20)).toBeLessThan(away(2) / 2)
  })

  it('sbx stays within the bounds, and reaches beyond the parents', () => {
    const options = { kind: 'sbx', eta: 0, useChildGeneProb: 1 } as const
    const xs = childrenOf(operator(options)).flatMap((child) => [...child])
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(-1e-9)
    expect(Math.max(...xs)).toBeLessThanOrEqual(1 + 1e-9)
    expect(xs.some((x) => x > 0.95)).toBe(true)
  })

  it('spx fills the triangle of its parents, blown up', () => {
    // On the triangle itself the weights of a child are those of its corners: none is negative.
    const corners = [Float64Array.of(0, 0), Float64Array.of(1, 0), Float64Array.of(0, 1)]
    const within = childrenOf(operator({ kind: 'spx', epsilon: 1 }), corners)
    for (const child of within) {
      const [x, y] = child
      expect(Math.min(Number(x), Number(y), 1 - Number(x) - Number(y))).toBeGreaterThan(-1e-12)
    }
    expect(within.filter((child) => (child[0] as number) > 0.5).length / within.length).toBeCloseTo(0.25, 1)
    expect(deviation(column(childrenOf(operator({ kind: 'spx', epsilon: 3 }), corners), 0))).toBeCloseTo(
      3 * deviation(column(within, 0)),
      1,
    )
  })

  it('undx spreads along the line of two parents, and across it by the distance of the third', () => {
    const parents = [Float64Array.of(0.4, 0.5), Float64Array.of(0.6, 0.5), Float64Array.of(0.5, 0.9)]
    const children = childrenOf(operator({ kind: 'undx', sigmaXi: 0.5, sigmaEta: 0.25 }), parents)
    expect(deviation(column(children, 0))).toBeCloseTo(0.5 * 0.2, 2)
    expect(deviation(column(children, 1))).toBeCloseTo(0.25 * 0.4, 2)
  })
})

const DOMAINS: readonly Domain[] = [
  uniform(-2, 6),
  loguniform(1e-5, 1),
  reverseLoguniform(0.5, 0.999),
  quniform(0, 1, 0.1),
  randint(1, 4),
  lograndint(1, 1000),
  ordinal(['s', 'm', 'l']),
  choice([{ a: 1 }, { a: 2 }, { a: 3 }]),
  randn(0, 2),
]

function valueOf(domain: Domain, at: number): unknown {
  const gene = geneOf(domain)
  return gene.kind === 'choice' ? gene.choices[Math.floor(at * gene.choices.length)] : gene.fromUnit(at)
}

describe('mutations', () => {
  const mutations: readonly [string, Mutation][] = [
    ['polynomial', polynomialMutation(20)],
    ['uniform', uniformMutation],
  ]
  it.each(mutations)('%s stays in the domain', (_, mutate) => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DOMAINS),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.string(),
        (domain, at, seed) => {
          const value = mutate(geneOf(domain), valueOf(domain, at), randomStream(seed))
          expect(contains(domain, value)).toBe(true)
        },
      ),
    )
  })

  it('polynomial always changes a number, also where steps are wide', () => {
    const mutate = polynomialMutation(100)
    const random = randomStream('steps')
    for (const domain of DOMAINS.filter((other) => geneOf(other).kind === 'number')) {
      for (const at of [0.01, 0.5, 0.99]) {
        const old = valueOf(domain, at)
        for (let i = 0; i < 20; i++) expect(mutate(geneOf(domain), old, random)).not.toBe(old)
      }
    }
  })

  it('leaves what has only one value', () => {
    const random = randomStream('one')
    expect(polynomialMutation(20)(geneOf(choice(['only'])), 'only', random)).toBe('only')
    expect(polynomialMutation(20)(geneOf(randint(5, 6)), 5, random)).toBe(5)
    expect(uniformMutation(geneOf(randint(5, 6)), 5, random)).toBe(5)
  })

  it('polynomial goes to the neighbours of a step, and less far with a larger eta', () => {
    const random = randomStream('far')
    const steps = Array.from({ length: 200 }, () =>
      polynomialMutation(100)(geneOf(randint(0, 10)), 5, random),
    )
    expect(new Set(steps)).toEqual(new Set([4, 6]))
    const reach = (eta: number): number =>
      deviation(
        Array.from(
          { length: 500 },
          () => polynomialMutation(eta)(geneOf(uniform(0, 1)), 0.5, random) as number,
        ),
      )
    expect(reach(50)).toBeLessThan(reach(5) / 3)
  })

  it('moves a logarithmic domain by factors', () => {
    const random = randomStream('log')
    const gene = geneOf(loguniform(1e-6, 1))
    const logs = Array.from({ length: 400 }, () =>
      Math.log10(polynomialMutation(20)(gene, 1e-3, random) as number),
    )
    expect(mean(logs)).toBeCloseTo(-3, 1)
  })
})

describe('defaults of operators', () => {
  const { blxAlpha, sbx, undx, polynomial } = OPERATOR_DEFAULTS
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

  it.each([
    ['alpha', `Default ${blxAlpha.alpha}.`],
    ['eta', `Default ${sbx.eta.one} for one objective, ${sbx.eta.several} for several.`],
    ['uniformCrossoverProb', `Default ${sbx.uniformCrossoverProb}.`],
    ['useChildGeneProb', `Default ${sbx.useChildGeneProb}.`],
    ['sigmaXi', `Default ${undx.sigmaXi}.`],
    ['eta', `Default ${polynomial.eta}.`],
  ])('are what the docstring says: %s, %s', (name, words) => {
    const source = read('src/searchers/evolution/operators.ts')
    const docstrings = [...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\?/g)]
    const own = docstrings.filter(([, , option]) => option === name).map(([, text]) => text)
    expect(own.filter((text) => text?.includes(words))).toHaveLength(1)
  })

  it.each([
    `\`alpha: ${blxAlpha.alpha}\``,
    `\`eta: ${sbx.eta.one}\` (\`${sbx.eta.several}\` with several objectives)`,
    `\`uniformCrossoverProb: ${sbx.uniformCrossoverProb}\``,
    `\`useChildGeneProb: ${sbx.useChildGeneProb}\``,
    `\`sigmaXi: ${undx.sigmaXi}\``,
    `{ kind: 'polynomial', eta: ${polynomial.eta} }`,
  ])('are what the page says: %s', (words) => {
    expect(read('docs/searchers/nsga2.md')).toContain(words)
  })
})
