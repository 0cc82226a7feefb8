import { type Checks, must, readOptions } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { assertNever } from '../errors.ts'
import { HaltonSequence } from '../math/halton.ts'
import { ndtri } from '../math/normal.ts'
import { SOBOL_DIMENSIONS_MAX } from '../math/sobol-directions.ts'
import { SobolSequence } from '../math/sobol.ts'
import type { RandomStream } from '../random/random.ts'
import { fromAxis, roundHalfEven, scaledBounds } from '../space/axis.ts'
import type { Domain, Parameter } from '../space/space.ts'
import { INDEPENDENT_DEFAULTS, type IndependentOptions, withIndependent } from './independent.ts'
import { isPlainData } from './plain-data.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from './searcher.ts'

/** Options of `qmc`. */
export interface QmcOptions extends SearcherOptions, IndependentOptions {
  /** Which sequence: `'sobol'` or `'halton'`. Default `'sobol'`. */
  readonly qmcType?: 'sobol' | 'halton' | undefined
  /** Whether the sequence is randomised by `seed`, which keeps its evenness. Default false. */
  readonly scramble?: boolean | undefined
}

const DEFAULTS = { ...SEARCHER_DEFAULTS, ...INDEPENDENT_DEFAULTS, qmcType: 'sobol' as const, scramble: false }

const CHECKS: Checks<QmcOptions> = {
  ...SEARCHER_CHECKS,
  qmcType: must.beOneOf('sobol', 'halton'),
  scramble: must.beBoolean,
}

/**
 * Spreads the configurations more evenly over the space than chance would, whatever the results: the points of a
 * quasi-random sequence, one coordinate a parameter. NaN and failed trials change nothing.
 *
 * Trial n gets point n; what `where` or `duplicates` turns down is left out of the sequence. Numbers are even on their
 * scale, steps and choices get equal shares, a normal domain gets its quantiles (0 as that of 2⁻³³). A parameter in
 * several cases of a `branch` keeps one coordinate. In a define-by-run space the first trials are random, until one has
 * ended; then the sequence begins, over the parameters known from ended trials, each with the domain that it had
 * first; those not known yet are random.
 *
 * Sobol has 481 dimensions; parameters beyond are random. With `independentSampler` what would be random comes from that. Best with a number of trials that is a power of 2. Without
 * `scramble` point 0 is the low corner of the space, and the seed changes nothing.
 * Source: Bergstra & Bengio 2012, JMLR 13, section 4, for quasi-random search; Joe & Kuo 2008 (Sobol), Halton 1960;
 * Optuna's QMCSampler, whose points these are without scrambling. Time and memory per suggestion: O(parameters).
 *
 * @param options.qmcType - `'sobol'` or `'halton'`. Default `'sobol'`.
 * @param options.scramble - Whether `seed` randomises the sequence. Default false.
 * @param options.independentSampler - Proposes what the sequence leaves out. Default: the prior.
 * @throws {OptionError} when an option is not known or out of its range.
 * @example new Tuner(train, { paramSpace, searcher: qmc({ scramble: true, seed: 7 }), numSamples: 64 })
 */
export function qmc(options: QmcOptions = {}): Searcher {
  const { qmcType, scramble, independentSampler, ...common } = readOptions('qmc', options, DEFAULTS, CHECKS)
  const searcher: Searcher = {
    name: 'qmc',
    options: common,
    ignoresResults: true,
    start({ parameters, random, saved }) {
      const sequence = new GrowingSequence(qmcType, scramble ? random.fork('scramble') : undefined)
      const coordinates = new Coordinates(parameters, saved as Saved | undefined)
      // Index of a trial's point, less its number; undefined before the sequence has begun.
      let offset = saved === undefined ? (parameters.length === 0 ? undefined : 0) : (saved as Saved).offset
      return {
        suggest({ number, retry }) {
          if (coordinates.count === 0) return { kind: 'point', point: {} }
          if (offset === undefined) offset = -number
          else if (retry > 0) offset++
          return {
            kind: 'point',
            point: coordinates.pointOf(sequence.at(number + offset, coordinates.count)),
          }
        },
        tell: ({ domains }) => coordinates.learn(domains),
        save: () => coordinates.save(offset),
      }
    },
  }
  return withIndependent(searcher, { independentSampler })
}

interface Saved {
  readonly offset: number | undefined
  readonly learned: readonly LearnedParameter[]
}

type LearnedParameter = Pick<Parameter, 'path' | 'domain'>

/** Which parameter takes which coordinate. */
class Coordinates {
  readonly #isDeclared: boolean
  readonly #parameters: Parameter[]
  readonly #indexOf = new Map<string, number>()

  constructor(declared: readonly Parameter[], saved: Saved | undefined) {
    this.#isDeclared = declared.length > 0
    const learned = saved?.learned.map((parameter) => ({ ...parameter, when: [] })) ?? []
    this.#parameters = [...declared, ...learned].filter(({ domain }) => domain.kind !== 'computed')
    for (const { path } of this.#parameters) this.#place(path)
  }

  get count(): number {
    return this.#indexOf.size
  }

  learn(domains: Readonly<Record<string, Domain>>): void {
    if (this.#isDeclared) return
    for (const [path, domain] of Object.entries(domains)) {
      if (domain.kind === 'computed' || this.#indexOf.has(path)) continue
      this.#parameters.push({ path, domain, when: [] })
      this.#place(path)
    }
  }

  /** The parameters that stand at a point of the cube. A cube of fewer dimensions leaves out the last ones. */
  pointOf(u: Float64Array): Params {
    const point: Record<string, unknown> = {}
    for (const { path, domain, when } of this.#parameters) {
      const coordinate = u[this.#indexOf.get(path) as number]
      if (coordinate === undefined || !when.every((taken) => point[taken.path] === taken.value)) continue
      point[path] = valueAt(domain, coordinate)
    }
    return point
  }

  save(offset: number | undefined): Saved | undefined {
    if (this.#isDeclared) return { offset, learned: [] }
    const learned = this.#parameters.map(({ path, domain }) => ({ path, domain }))
    return learned.every(({ domain }) => isPlainData(domain)) ? { offset, learned } : undefined
  }

  #place(path: string): void {
    if (!this.#indexOf.has(path)) this.#indexOf.set(path, this.#indexOf.size)
  }
}

/** A sequence of points by index, to which dimensions can be added. */
class GrowingSequence {
  readonly #type: 'sobol' | 'halton'
  readonly #scramble: { readonly scramble?: RandomStream }
  #points: SobolSequence | HaltonSequence | undefined
  #position = 0

  constructor(type: 'sobol' | 'halton', scramble: RandomStream | undefined) {
    this.#type = type
    this.#scramble = scramble === undefined ? {} : { scramble }
  }

  at(index: number, dimensions: number): Float64Array {
    const count = this.#type === 'sobol' ? Math.min(dimensions, SOBOL_DIMENSIONS_MAX) : dimensions
    if (this.#points?.dimensions !== count) {
      this.#points =
        this.#type === 'sobol'
          ? new SobolSequence(count, this.#scramble)
          : new HaltonSequence(count, this.#scramble)
      this.#position = 0
    }
    if (index !== this.#position) this.#points.skip(index - this.#position)
    this.#position = index + 1
    return this.#points.next()
  }
}

// A normal domain has no value at 0, so that of the middle between 0 and the next point is taken.
const QUANTILE_MIN = 2 ** -33

/** The value of a domain below which a share of `u` of its values lies. */
function valueAt(domain: Domain, u: number): unknown {
  switch (domain.kind) {
    case 'float':
    case 'int': {
      const [low, high] = scaledBounds(domain, domain.scale, true)
      return fromAxis(domain, domain.scale, low + u * (high - low))
    }
    case 'normal': {
      const { mean, sd, step } = domain
      const x = mean + sd * ndtri(Math.max(u, QUANTILE_MIN))
      return step === undefined ? x : roundHalfEven(x / step) * step
    }
    case 'categorical':
    case 'grid':
      return domain.choices[Math.floor(u * domain.choices.length)]
    case 'computed':
      return undefined
    default:
      return assertNever(domain, 'domain')
  }
}
