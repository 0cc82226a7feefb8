import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Dimension } from '../../space/encoding.ts'
import { sameDomain } from '../../space/values.ts'
import { KnownSpace } from '../known-space.ts'
import { lossesOf } from '../losses.ts'
import type { Ask, Search, SearchContext, Suggestion, ToldTrial } from '../searcher.ts'
import { Box } from './box.ts'
import { defaultPopulationSize } from './constants.ts'
import type { Candidate } from './evolution.ts'
import { type Restart, Restarts, type RunPlan, type SavedRestarts } from './restarts.ts'
import { Run, type RunOptions, type RunStart, type SavedRun } from './run.ts'
import { pointOf, type SourceTrial, sourcePoints } from './source-trials.ts'
import { warmStart } from './warm-start.ts'

/** What the factory was given, checked. */
export interface CmaesSettings extends RunOptions {
  readonly x0: object | undefined
  readonly sigma0: number
  readonly populationSize: number | undefined
  readonly nStartupTrials: number
  readonly restart: Restart
  readonly considerPrunedTrials: boolean
  readonly sourceTrials: readonly SourceTrial[] | undefined
}

/** A candidate that was given out. */
interface Asked {
  readonly run: number
  readonly generation: number
  readonly slot: number
  readonly x: Float64Array
}

/** The best trial so far: where the first run starts. */
interface Best {
  readonly params: Params
  readonly loss: number
}

interface Saved {
  /** The numeric parameters that all trials have so far, where they are learned. */
  readonly learned: readonly Dimension[] | undefined
  readonly ended: number
  readonly startups: readonly number[]
  readonly best: Best | undefined
  readonly runs: number
  readonly plan: RunPlan | undefined
  readonly run: SavedRun | undefined
  readonly restarts: SavedRestarts | undefined
  readonly slots: number
  readonly told: readonly Candidate[]
  readonly asked: readonly (readonly [number: number, asked: Asked])[]
}

/** One search by CMA-ES: which trials make up a generation, and which run follows which. */
export class CmaesSearch implements Search {
  readonly #context: SearchContext
  readonly #settings: CmaesSettings
  readonly #space: KnownSpace
  #hasLearned = false
  #box: Box
  /** How many trials ended that count as results. */
  #ended = 0
  /** Numbers of the trials that were left to the prior and have not ended. */
  readonly #startups: Set<number>
  #best: Best | undefined
  #restarts: Restarts | undefined
  #run: Run | undefined
  /** How many runs there were. */
  #runs = 0
  /** How many candidates of this generation were given out. */
  #slots = 0
  /** Those of this generation whose result is known. */
  #told: Candidate[] = []
  readonly #asked: Map<number, Asked>

  constructor(context: SearchContext, settings: CmaesSettings) {
    const saved = context.saved as Saved | undefined
    this.#context = context
    this.#settings = settings
    this.#space = new KnownSpace(context.parameters)
    // What all trials had so far is all that there is to know of them.
    if (saved?.learned !== undefined) this.#learn(Object.fromEntries(saved.learned.map(asEntry)))
    this.#box = new Box(this.#space.next({}).always)
    this.#startups = new Set(saved?.startups)
    this.#asked = new Map(saved?.asked)
    if (saved !== undefined) this.#restore(saved)
  }

  suggest({ number, retry }: Ask): Suggestion {
    if (this.#box.n === 0 || (this.#run === undefined && this.#ended < this.#settings.nStartupTrials)) {
      this.#startups.add(number)
      return { kind: 'point', point: {} }
    }
    const run = (this.#run ??= this.#firstRun())
    const slot = retry > 0 ? (this.#asked.get(number)?.slot ?? this.#slots++) : this.#slots++
    const x = retry > 0 ? run.draw(slot, this.#context.random.fork(`${number}/${retry}`)) : run.draw(slot)
    this.#asked.set(number, { run: this.#runs, generation: run.generation, slot, x })
    return { kind: 'point', point: this.#box.decode(run.place(x)) }
  }

  tell(trial: ToldTrial): void {
    const asked = this.#asked.get(trial.number)
    const wasStartup = this.#startups.delete(trial.number)
    this.#asked.delete(trial.number)
    if (this.#context.parameters.length === 0) this.#follow(trial)
    const loss = this.#lossOf(trial)
    if (loss === undefined) return
    this.#ended++
    // One draw from the prior is no better place to start at than the centre.
    const isPlace = !wasStartup || this.#settings.nStartupTrials > 1
    if (isPlace && loss < (this.#best?.loss ?? Infinity)) this.#best = { params: trial.params, loss }
    // Nor is it a candidate of a run that has begun meanwhile.
    if (this.#run === undefined || wasStartup) return
    const candidate = this.#candidateOf(this.#run, trial, asked, loss)
    if (candidate === undefined) return
    this.#told.push(candidate)
    if (this.#told.length >= this.#run.plan.lambda) this.#learnFrom(this.#run)
  }

  /** Infinity for a trial that failed, undefined for one that says nothing. */
  #lossOf(trial: ToldTrial): number | undefined {
    if (trial.state === 'failed') return Infinity
    if (trial.state === 'interrupted') return undefined
    if (trial.state === 'pruned' && !this.#settings.considerPrunedTrials) return undefined
    const loss = lossesOf(trial, this.#context.objectives)?.[0]
    return loss === undefined ? undefined : Number.isNaN(loss) ? Infinity : loss
  }

  #candidateOf(run: Run, trial: ToldTrial, asked: Asked | undefined, loss: number): Candidate | undefined {
    // A run begins elsewhere so as not to come to where the last one ended.
    if (asked !== undefined && asked.run !== this.#runs) return undefined
    const place = this.#box.encode(trial.params)
    if (place === undefined) return undefined
    const { number } = trial
    if (asked !== undefined && this.#isAt(run, asked, place)) {
      return { x: asked.x, loss, number, isInjected: asked.generation !== run.generation }
    }
    // A trial that failed and was no candidate says nothing about candidates.
    return loss === Infinity ? undefined : { x: place, loss, number, isInjected: true }
  }

  /** Whether a trial ran with what was suggested for it. */
  #isAt(run: Run, { x }: Asked, place: Float64Array): boolean {
    const suggested = this.#box.encode(this.#box.decode(run.place(x)))
    return suggested?.every((value, j) => value === place[j]) === true
  }

  #learnFrom(run: Run): void {
    run.learn(this.#told)
    this.#told = []
    this.#slots = 0
    if (!run.isOver) return
    const random = this.#context.random.fork(`restart/${this.#runs}`)
    const plan = this.#restarts?.next(run.plan, run.trials, random)
    if (plan === undefined) return
    const mean = Float64Array.from({ length: this.#box.n }, () => random.next())
    this.#run = this.#begin(plan, { mean })
  }

  #begin(plan: RunPlan, start: RunStart, saved?: SavedRun): Run {
    if (saved === undefined) this.#runs++
    return new Run(this.#box, plan, start, this.#settings, this.#streamOf(this.#runs), saved)
  }

  #streamOf(run: number): RandomStream {
    return this.#context.random.fork(`run/${run}`)
  }

  #firstRun(): Run {
    const { populationSize = defaultPopulationSize(this.#box.n), restart, sigma0 } = this.#settings
    const { sigma, ...start } = this.#start()
    this.#restarts = new Restarts(restart, populationSize, sigma0)
    return this.#begin({ ...this.#restarts.first(), sigma: sigma ?? sigma0 }, start)
  }

  /** By the source trials, else at `x0`, else at the best of the trials that are there already, else in the centre. */
  #start(): RunStart & { readonly sigma?: number } {
    const { sourceTrials, considerPrunedTrials, x0, isSeparable } = this.#settings
    const box = this.#box
    const [objective] = this.#context.objectives
    if (sourceTrials !== undefined && objective !== undefined) {
      const points = sourcePoints(sourceTrials, box, objective, considerPrunedTrials)
      if (points.length > 0) {
        const { mean, sigma, C } = warmStart(points)
        return { mean, sigma, C: isSeparable ? diagonalOf(C, box.n) : C }
      }
    }
    const centre = box.decode(new Float64Array(box.n).fill(0.5))
    const known = x0 === undefined ? this.#best?.params : pointOf(x0, box)
    const mean = known === undefined ? undefined : box.encode({ ...centre, ...known })
    return { mean: mean ?? new Float64Array(box.n).fill(0.5) }
  }

  /** Where parameters are learned: one that is no longer in every trial changes the box, and the search begins anew. */
  #follow(trial: ToldTrial): void {
    this.#learn(trial.domains)
    const box = new Box(this.#space.next({}).always)
    if (sameDimensions(box.dimensions, this.#box.dimensions)) return
    this.#box = box
    this.#run = undefined
    this.#restarts = undefined
    this.#slots = 0
    this.#told = []
  }

  #learn(domains: ToldTrial['domains']): void {
    this.#space.learn({ params: {}, domains })
    this.#hasLearned = true
  }

  save(): Saved {
    return {
      learned: this.#hasLearned ? this.#box.dimensions : undefined,
      ended: this.#ended,
      startups: [...this.#startups],
      best: this.#best,
      runs: this.#runs,
      plan: this.#run?.plan,
      run: this.#run?.save(),
      restarts: this.#restarts?.save(),
      slots: this.#slots,
      told: [...this.#told],
      asked: [...this.#asked],
    }
  }

  #restore({ ended, best, runs, plan, run, restarts, slots, told }: Saved): void {
    const {
      populationSize = defaultPopulationSize(Math.max(1, this.#box.n)),
      restart,
      sigma0,
    } = this.#settings
    this.#ended = ended
    this.#best = best
    this.#runs = runs
    this.#slots = slots
    this.#told = [...told]
    if (restarts !== undefined) this.#restarts = new Restarts(restart, populationSize, sigma0, restarts)
    if (plan !== undefined && run !== undefined) {
      this.#run = this.#begin(plan, { mean: new Float64Array(this.#box.n) }, run)
    }
  }
}

function asEntry({ path, domain }: Dimension): [path: string, domain: Dimension['domain']] {
  return [path, domain]
}

function sameDimensions(a: readonly Dimension[], b: readonly Dimension[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ path, domain }, i) => path === b[i]?.path && sameDomain(domain, b[i].domain))
  )
}

function diagonalOf(C: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, j) => C[j * n + j] as number)
}
