import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Dimension } from '../../space/encoding.ts'
import type { Domain, Parameter } from '../../space/space.ts'
import { belongsTo, type KernelAxis, kernelAxisOf } from '../kernel-axes.ts'
import { KnownSpace } from '../known-space.ts'
import { addLoss, curveOf, emptyCurve, isLost, type LearningCurve } from '../learning-curve.ts'
import { lossesOf } from '../losses.ts'
import type {
  Ask,
  Observation,
  RunningTrial,
  Search,
  SearchContext,
  Suggestion,
  ToldTrial,
} from '../searcher.ts'
import { bestCandidate, type ModelledTrial, modelOf, type ModelOptions } from './model.ts'

/** What a search needs to know besides its context. */
export interface BohbSearchOptions extends ModelOptions {
  readonly randomFraction: number
}

/** A trial as the search keeps it. */
interface KeptTrial {
  readonly number: number
  /** Empty in a declared space, where the row says it all. */
  readonly params: Params
  /** Coordinates in order of the declared parameters, NaN where it has none; empty in a define-by-run space. */
  readonly row: Float64Array
  readonly curve: LearningCurve
  readonly isLost: boolean
}

interface Saved {
  readonly ended: readonly KeptTrial[]
  readonly running: readonly (readonly [number: number, curve: LearningCurve])[]
}

/** The search of `bohb`. */
export class BohbSearch implements Search {
  readonly #context: SearchContext
  readonly #options: BohbSearchOptions
  readonly #known: KnownSpace
  /** Columns of the rows, by declared parameter: two cases of a branch may use the same name. */
  readonly #columns: ReadonlyMap<Dimension, number>
  readonly #axes = new WeakMap<Domain, KernelAxis>()
  readonly #ended: KeptTrial[] = []
  /** What trials that have not ended reported, by number. */
  readonly #running: Map<number, LearningCurve>

  constructor(context: SearchContext, options: BohbSearchOptions) {
    this.#context = context
    this.#options = options
    this.#known = new KnownSpace(context.parameters)
    this.#columns = new Map(modelled(context.parameters).map((parameter, i) => [parameter, i]))
    const saved = context.saved as Saved | undefined
    if (saved !== undefined) this.#ended.push(...saved.ended)
    this.#running = new Map(saved?.running)
  }

  suggest({ number, retry, running }: Ask): Suggestion {
    const random = this.#context.random.fork(retry === 0 ? number : `${number}/${retry}`)
    const { randomFraction } = this.#options
    if (random.next() < randomFraction) return { kind: 'point', point: {} }
    const trials = [...this.#ended, ...running.flatMap((trial) => this.#keptOf(trial))]
    let point: Params = {}
    for (;;) {
      const dimensions = this.#known.next(point).always
      if (dimensions.length === 0) break
      const values = this.#suggestLevel(dimensions, trials, random)
      // What follows is drawn from the prior with the rest.
      if (values === undefined) break
      point = { ...point, ...values }
    }
    return { kind: 'point', point }
  }

  tell(trial: ToldTrial): void {
    const { number, params, domains } = trial
    this.#running.delete(number)
    const isWhole = trial.state === 'completed' || trial.state === 'pruned'
    // A trial that failed may have stopped before it had asked for all of its parameters.
    if (isWhole) this.#known.learn({ params, domains })
    const curve = curveOf(trial, this.#context.objectives)
    this.#ended.push({ number, ...this.#placeOf(params), curve, isLost: isLost(trial) })
  }

  observe({ number, step, values }: Observation): void {
    const loss = lossesOf({ values }, this.#context.objectives)?.[0]
    if (loss === undefined) return
    const curve = this.#running.get(number) ?? emptyCurve()
    addLoss(curve, step, loss)
    this.#running.set(number, curve)
  }

  save(): Saved | undefined {
    // In a define-by-run space the domains would have to be kept too.
    if (this.#columns.size === 0) return undefined
    return { ended: this.#ended.slice(), running: structuredClone([...this.#running]) }
  }

  #suggestLevel(
    dimensions: readonly Dimension[],
    trials: readonly KeptTrial[],
    random: RandomStream,
  ): Params | undefined {
    const axes = dimensions.map(({ domain }) => this.#axisOf(domain))
    const rows = trials.flatMap((trial): ModelledTrial[] => {
      const row = Float64Array.from(dimensions, (dimension, j) =>
        this.#coordinateOf(trial, dimension, axes[j] as KernelAxis),
      )
      return row.some(Number.isNaN) ? [] : [{ ...trial, row }]
    })
    const model = modelOf(
      axes.map(({ axis }) => axis),
      rows,
      this.#options,
    )
    if (model === undefined) return undefined
    const x = bestCandidate(model, this.#options, random)
    return Object.fromEntries(
      dimensions.map(({ path }, j) => [path, (axes[j] as KernelAxis).valueAt(x[j] as number)]),
    )
  }

  #keptOf({ number, params }: RunningTrial): KeptTrial[] {
    const curve = this.#running.get(number)
    return curve === undefined ? [] : [{ number, ...this.#placeOf(params), curve, isLost: false }]
  }

  #placeOf(params: Params): Pick<KeptTrial, 'params' | 'row'> {
    if (this.#columns.size === 0) return { params, row: new Float64Array() }
    const row = Float64Array.from(modelled(this.#context.parameters), ({ path, domain, when }) => {
      const isTaken = when.every((taken) => params[taken.path] === taken.value)
      return isTaken ? coordinateIn(params, path, this.#axisOf(domain)) : Number.NaN
    })
    return { params: {}, row }
  }

  #coordinateOf({ params, row }: KeptTrial, dimension: Dimension, axis: KernelAxis): number {
    const column = this.#columns.get(dimension)
    return column === undefined ? coordinateIn(params, dimension.path, axis) : (row[column] as number)
  }

  #axisOf(domain: Domain): KernelAxis {
    let axis = this.#axes.get(domain)
    if (axis === undefined) {
      axis = kernelAxisOf(domain)
      this.#axes.set(domain, axis)
    }
    return axis
  }
}

function modelled(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.filter(({ domain }) => domain.kind !== 'computed')
}

/** NaN where the trial lacks the parameter, or has a value of another domain. */
function coordinateIn(params: Params, path: string, axis: KernelAxis): number {
  if (!Object.hasOwn(params, path) || !belongsTo(axis, params[path])) return Number.NaN
  return axis.coordinateOf(params[path]) as number
}
