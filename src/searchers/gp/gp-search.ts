/**
 * Which point a Gaussian process finds most promising next.
 *
 *   x // (d) a point by the coordinates of the layout; in a part of the space some of them are fixed
 *   alpha(x): log expected (hypervolume) improvement, plus the log probability that each constraint is kept
 *   next = argmax alpha, over points that fill the space and those of the best trials, each climbed from
 *
 * Source: Ament et al. 2023, arXiv:2310.20708, equation 8, for log expected improvement; Daulton, Balandat & Bakshy 2020,
 * arXiv:2006.05078, for hypervolumes; Optuna 5, GPSampler, for how alpha is maximised over mixed spaces.
 */
import type { Params } from '../../core/trial.ts'
import { type Axis, spread } from '../../math/acquisition/axis.ts'
import {
  type Candidate,
  maximizeAcquisition,
  type MaximizeOptions,
  rankedCandidates,
} from '../../math/acquisition/maximize.ts'
import { nonDominationRanks } from '../../math/non-domination.ts'
import { SobolSequence } from '../../math/sobol.ts'
import type { RandomStream } from '../../random/random.ts'
import { KnownSpace } from '../known-space.ts'
import { lossesOf } from '../losses.ts'
import type { Ask, Search, SearchContext, Suggestion, ToldTrial } from '../searcher.ts'
import { Fits } from './fits.ts'
import { Layout, type Part } from './layout.ts'
import { kernelsOf, type Model, type ModelledTrial, modelOf, type Quantities, quantitiesOf } from './model.ts'
import { promiseOf } from './promise.ts'
import { type KeptTrial, readTrials, type SavedTrials, savedTrials } from './saved.ts'
import { chebyshev, finiteOf } from './scores.ts'

/** What a search needs to know besides its context. */
export interface GpSearchOptions {
  readonly nStartupTrials: number
  readonly isDeterministic: boolean
}

// The cost grows with the cube: of more trials, the best half and the newest half are modelled.
const MODELLED_MAX = 500
const LOST_MAX = 32
// The boxes of a hypervolume become too many beyond three objectives.
const HYPERVOLUME_MAX = 3
const SOBOL_MAX = 400

interface Saved {
  readonly trials: SavedTrials
}

/** The search of `gp`. */
export class GpSearch implements Search {
  readonly #context: SearchContext
  readonly #options: GpSearchOptions
  readonly #known: KnownSpace
  readonly #isDeclared: boolean
  readonly #trials: KeptTrial[] = []
  // What follows from the above.
  readonly #fits: Fits
  #layout: Layout | undefined
  #model: Model | undefined
  #ranking: { readonly number: number; readonly candidates: readonly Candidate[] } | undefined

  constructor(context: SearchContext, options: GpSearchOptions) {
    this.#context = context
    this.#options = options
    this.#isDeclared = context.parameters.length > 0
    this.#known = new KnownSpace(context.parameters)
    this.#fits = new Fits(options.isDeterministic)
    const saved = context.saved as Saved | undefined
    if (saved === undefined) return
    for (const trial of readTrials(saved.trials)) this.#keep(trial)
  }

  suggest(ask: Ask): Suggestion {
    const { number, retry, running } = ask
    const layout = this.#layoutNow()
    const random = this.#context.random.fork(number)
    const trials = this.#valued(layout)
    if (trials.length < this.#options.nStartupTrials || layout.axes.length === 0) {
      return { kind: 'point', point: retry > 0 ? {} : this.#startup(layout, ask.index) }
    }
    if (retry > 0 && this.#ranking?.number === number) {
      const next = this.#ranking.candidates[retry - 1]
      return { kind: 'point', point: next === undefined ? {} : layout.decode(next.x, next.region as Part) }
    }
    const model = this.#modelNow(layout, trials, random)
    if (retry === 0 && explainsLittle(model) && ask.index % 2 === 0) {
      return { kind: 'point', point: this.#startup(layout, ask.index) }
    }
    const lost = this.#trials.filter(({ losses }) => losses === undefined).slice(-LOST_MAX)
    const pending = {
      running: running.map(({ params }) => layout.encode(params)),
      lost: lost.map((trial) => rowOf(trial, layout)),
    }
    const promise = promiseOf(model, pending, random.fork('fantasies'))
    const options: MaximizeOptions = {
      axes: layout.axes,
      regions: layout.parts(random.fork('parts')),
      lengthScales: model.lengthScales,
      known: bestOf(model, random.fork('known')).map((x) => ({
        x: inside(x, layout.axes),
        region: layout.partAt(x),
      })),
      random: random.fork('maximize'),
    }
    const candidates = rankedCandidates(promise, options)
    this.#ranking = { number, candidates }
    if (retry > 0) return this.suggest(ask)
    const best = maximizeAcquisition(promise, candidates, options)
    return { kind: 'point', point: layout.decode(best.x, best.region as Part) }
  }

  tell(trial: ToldTrial): void {
    const losses = trial.state === 'completed' ? lossesOf(trial, this.#context.objectives) : undefined
    this.#keep({
      params: trial.params,
      domains: trial.domains,
      losses: losses?.some(Number.isNaN) === true ? undefined : losses,
      constraints: trial.constraints,
      // A trial that failed may have stopped before it had asked for all of its parameters.
      isWhole: trial.state === 'completed' || trial.state === 'pruned',
      row: undefined,
    })
  }

  save(): Saved {
    return { trials: savedTrials(this.#trials, this.#isDeclared) }
  }

  #keep(trial: KeptTrial): void {
    this.#model = undefined
    this.#ranking = undefined
    if (this.#isDeclared) {
      const row = trial.row ?? this.#layoutNow().encode(trial.params, trial.domains)
      this.#trials.push({ ...trial, params: {}, domains: {}, row })
      return
    }
    this.#trials.push(trial)
    if (!trial.isWhole) return
    this.#known.learn(trial)
    this.#layout = undefined
  }

  #layoutNow(): Layout {
    this.#layout ??= new Layout(this.#context.parameters, this.#known)
    return this.#layout
  }

  /** The trials that say something about the objectives, in the order in which they ended. */
  #valued(layout: Layout): ModelledTrial[] {
    return this.#trials.flatMap((trial) => {
      const { losses, constraints } = trial
      return losses === undefined ? [] : [{ x: rowOf(trial, layout), losses, constraints }]
    })
  }

  #modelNow(layout: Layout, valued: readonly ModelledTrial[], random: RandomStream): Model {
    if (this.#model !== undefined) return this.#model
    const settings = this.#fits.settingsFor(layout)
    if (this.#context.objectives.length > HYPERVOLUME_MAX) {
      const trials = modelled(valued)
      // Other weights for each trial: what was fitted for the last ones says nothing of these.
      const quantities = quantitiesOf(trials, [chebyshev(this.#lossesOf(trials), random.fork('weights'))])
      return modelOf(quantities, kernelsOf(quantities, new Map(), settings), settings)
    }
    const quantitiesAfter = (count: number): Quantities => {
      const trials = modelled(valued.slice(0, count))
      return quantitiesOf(trials, this.#lossesOf(trials))
    }
    const kernels = this.#fits.after(valued.length, layout, quantitiesAfter)
    this.#model = modelOf(quantitiesAfter(valued.length), kernels, settings)
    return this.#model
  }

  /** By objective. Shape (n) each. */
  #lossesOf(trials: readonly ModelledTrial[]): Float64Array[] {
    return this.#context.objectives.map((_, j) => finiteOf(trials.map(({ losses }) => losses[j] as number)))
  }

  /** Point `index` of a sequence that fills the space. */
  #startup(layout: Layout, index: number): Params {
    const d = layout.axes.length
    if (d === 0 || d > SOBOL_MAX) return {}
    const sobol = new SobolSequence(d, { scramble: this.#context.random.fork('startup') })
    sobol.skip(index)
    const u = sobol.next()
    const x = Float64Array.from(layout.axes, (axis, j) => spread(axis, u[j] as number))
    return layout.decodePrior(x, layout.partAt(x))
  }
}

/** Those that are modelled of many trials. */
function modelled(trials: readonly ModelledTrial[]): readonly ModelledTrial[] {
  if (trials.length <= MODELLED_MAX) return trials
  const half = MODELLED_MAX / 2
  const older = trials.slice(0, -half)
  const ranks = nonDominationRanks(older.map(({ losses }) => losses))
  const best = older.map((_, i) => i).sort((a, b) => (ranks[a] as number) - (ranks[b] as number) || b - a)
  return [...best.slice(0, half).map((i) => older[i] as ModelledTrial), ...trials.slice(-half)]
}

/**
 * Whether the model takes more than half of what it sees for noise. Where it is most uncertain is then at the corners,
 * and it might look nowhere else for ever: every other point fills the space instead.
 */
function explainsLittle({ objectives }: Model): boolean {
  return objectives.every(({ parameters }) => parameters.noise > parameters.scale)
}

function rowOf({ row, params, domains }: KeptTrial, layout: Layout): Float64Array {
  return row ?? layout.encode(params, domains)
}

const KNOWN_MAX = 5

/** Rows of the best trials: the best ones that are feasible, or some of the front. */
function bestOf({ objectives, trials, isFeasible }: Model, random: RandomStream): Float64Array[] {
  const feasible = trials.flatMap((_, i) => (isFeasible[i] === true ? [i] : []))
  const losses = feasible.map((i) => objectives.map(({ y }) => -(y[i] as number)))
  const ranks = nonDominationRanks(losses)
  const order = feasible.map((_, k) => k)
  if (objectives.length > 1) random.shuffle(order)
  order.sort((a, b) => (ranks[a] as number) - (ranks[b] as number))
  const count = objectives.length > 1 ? KNOWN_MAX : 1
  return order.slice(0, count).map((k) => (trials[feasible[k] as number] as ModelledTrial).x)
}

/** A row within the box, where a trial from elsewhere lies outside of it. */
function inside(x: Float64Array, axes: readonly Axis[]): Float64Array {
  return x.map((u, j) => (axes[j]?.kind === 'choice' ? u : Math.min(1, Math.max(0, u))))
}
