import { readOptions } from '../core/options.ts'
import { isThenable } from '../core/thenable.ts'
import { cmaes, type SourceTrial } from './cmaes/cmaes.ts'
import { gp } from './gp/gp.ts'
import { KnownSpace } from './known-space.ts'
import { nsga2 } from './nsga2.ts'
import { nsga3 } from './nsga3.ts'
import {
  type Ask,
  type Search,
  SEARCHER_CHECKS,
  SEARCHER_DEFAULTS,
  type SearchContext,
  type Searcher,
  type SearcherChoice,
  type SearcherOptions,
  type Suggestion,
  type ToldTrial,
} from './searcher.ts'
import { inThread, THREAD_CHECKS, THREAD_DEFAULTS, type ThreadOptions } from './thread.ts'
import { tpe } from './tpe/tpe.ts'

/** Options of `auto`: the common ones, and `thread`. */
export interface AutoOptions extends SearcherOptions, ThreadOptions {}

const DEFAULTS = { ...SEARCHER_DEFAULTS, ...THREAD_DEFAULTS }
const CHECKS = { ...SEARCHER_CHECKS, ...THREAD_CHECKS }

/**
 * Chooses a searcher by the space, the number of trials, of objectives and of constraints, and changes to another when
 * these come to ask for it; the other is told everything that was found so far. Each choice is an event,
 * `searcher.choice`, which says why.
 *
 * Models are worth their time while trials are few: a Gaussian process for up to twenty parameters, as long as it is
 * quick, or to the end where the number of trials is known and the end is near. Then an evolution strategy follows where
 * all parameters are numbers, started from the best tenth of the trials, and Parzen estimators or a genetic algorithm
 * elsewhere. The table is in `docs/searchers/auto.md`. A choice follows from the trials told, so that a study that is loaded
 * need not ask again, except for what `cmaes` suggested; the choice that is in force is then said anew.
 *
 * @param options.thread - Whether to think in a worker thread. Default false.
 * @throws {OptionError} when an option is not known or cannot be used; where the experiment is made, when it has no
 *   metric.
 * @example new Tuner(train, { paramSpace, searcher: auto(), metric: 'loss', mode: 'min', numSamples: 300 })
 */
export function auto(options: AutoOptions = {}): Searcher {
  const given = readOptions('auto', options, DEFAULTS, CHECKS)
  const searcher: Searcher = {
    name: 'auto',
    options: given,
    objectives: 'some',
    start: (context) => new AutoSearch(context),
  }
  return inThread(searcher, given)
}

type Chosen = 'cmaes' | 'gp' | 'nsga2' | 'nsga3' | 'tpe'

/** What makes each of them, for a search that goes on from these trials. */
const FACTORIES: Readonly<Record<Chosen, (told: readonly ToldTrial[]) => Searcher>> = {
  cmaes: (told) => cmaes({ sourceTrials: sourcesOf(told) }),
  gp: () => gp(),
  nsga2: () => nsga2(),
  nsga3: () => nsga3(),
  tpe: () => tpe(),
}

/** Trials that say where an evolution strategy shall start, and how wide; undefined where there are none. */
function sourcesOf(told: readonly ToldTrial[]): readonly SourceTrial[] | undefined {
  const sources = told
    .filter(({ state }) => state === 'completed')
    .map(({ params, state, values }) => ({ config: params, state, values }))
  return sources.length === 0 ? undefined : sources
}

interface Choice extends SearcherChoice {
  readonly chosen: Chosen
}

/** What the choice depends on. */
interface Facts {
  readonly objectiveCount: number
  readonly isConstrained: boolean
  /** All parameters, those of branches included. */
  readonly parameterCount: number
  /** Whether all of them are numbers, or choices in order. */
  readonly isNumeric: boolean
  /** Whether some parameters exist in some trials alone. */
  readonly isConditional: boolean
  readonly toldCount: number
  /** How many trials there will be, where that is known. */
  readonly budget: number | undefined
}

// Where fitting a Gaussian process stops being quick, and what it finds stops being worth it.
const GP_PARAMETERS_MAX = 20
const GP_TRIALS_MAX = 150
// What follows has to learn for itself how the parameters are scaled. With fewer trials left than that it comes to nothing
// better, and the Gaussian process goes on for as long as it can still be waited for; with several objectives it cannot.
const FOLLOWER_TRIALS_MIN = 100
const FOLLOWER_TRIALS_PER_PARAMETER = 20
const GP_TRIALS_LAST = 250
// Its hypervolume improvement is cut into boxes, of which more objectives have too many.
const GP_OBJECTIVES_MAX = 3

/** After how many trials a Gaussian process is given up. */
function gpTrials({ objectiveCount, parameterCount, budget }: Facts): number {
  if (budget === undefined || objectiveCount > 1) return GP_TRIALS_MAX
  const needed = Math.max(FOLLOWER_TRIALS_MIN, FOLLOWER_TRIALS_PER_PARAMETER * parameterCount)
  return budget - GP_TRIALS_MAX < needed ? GP_TRIALS_LAST : GP_TRIALS_MAX
}

function choose(facts: Facts): Choice {
  const { objectiveCount, isConstrained, parameterCount, isNumeric, isConditional, toldCount, budget } = facts
  const isSmall = parameterCount <= GP_PARAMETERS_MAX
  const gpMax = gpTrials(facts)
  if (objectiveCount > GP_OBJECTIVES_MAX) {
    return { chosen: 'nsga3', reason: `${objectiveCount} objectives need reference points to be told apart.` }
  }
  if (isSmall && toldCount < gpMax) {
    const isToEnd = budget !== undefined && budget <= gpMax
    return {
      chosen: 'gp',
      reason: `A Gaussian process makes most of few trials, and is quick for ${parameterCount} parameters and ${isToEnd ? `all ${budget}` : `up to ${gpMax}`} trials.`,
    }
  }
  if (objectiveCount > 1) {
    return {
      chosen: 'nsga2',
      reason: `${objectiveCount} objectives and ${toldCount} trials so far are work for a population.`,
    }
  }
  if (isNumeric && !isConditional && !isConstrained) {
    return {
      chosen: 'cmaes',
      reason: `All ${parameterCount} parameters are numbers, and with ${toldCount} trials behind, their correlations can be learned.`,
    }
  }
  const why = isConditional
    ? 'Some parameters exist in some trials only'
    : isConstrained
      ? 'There are constraints'
      : 'Some parameters are no numbers'
  return { chosen: 'tpe', reason: `${why}, which Parzen estimators model as they are.` }
}

interface Saved {
  readonly told: readonly ToldTrial[]
  readonly chosen: Chosen | undefined
  /** How many of `told` there were when it was chosen. */
  readonly chosenAt: number
  readonly inner: unknown
}

class AutoSearch implements Search {
  readonly #context: SearchContext
  readonly #known: KnownSpace
  readonly #told: ToldTrial[] = []
  #isConstrained = false
  #chosen: Chosen | undefined
  #chosenAt = 0
  #search: Search | undefined

  constructor(context: SearchContext) {
    this.#context = context
    this.#known = new KnownSpace(context.parameters)
    const { told, chosen, chosenAt, inner } = (context.saved ?? { told: [] }) as Saved
    for (const trial of told) this.#note(trial)
    if (chosen === undefined) return
    this.#chosen = chosen
    this.#chosenAt = chosenAt
    this.#search = this.#start(chosen, inner)
  }

  suggest(ask: Ask): Suggestion | Promise<Suggestion> {
    const { chosen, reason } = choose(this.#facts())
    if (chosen === this.#chosen && this.#search !== undefined) return this.#search.suggest(ask)
    this.#chosen = chosen
    this.#chosenAt = this.#told.length
    const search = this.#start(chosen, undefined)
    for (const trial of this.#told) void search.tell(trial)
    this.#search = search
    const announced = (suggestion: Suggestion): Suggestion =>
      suggestion.kind === 'point' ? { ...suggestion, choice: { chosen, reason } } : suggestion
    const suggestion = search.suggest(ask)
    return isThenable(suggestion) ? Promise.resolve(suggestion).then(announced) : announced(suggestion)
  }

  tell(trial: ToldTrial): void | Promise<void> {
    this.#note(trial)
    if (this.#search === undefined) return undefined
    if (choose(this.#facts()).chosen === this.#chosen) return this.#search.tell(trial)
    // Given up at once, whether or not a point is asked for before these facts change again: so the trials alone say what
    // there is, and a search that is rebuilt need not be asked again while those do that it chooses.
    this.#search.close?.()
    this.#search = undefined
    this.#chosen = undefined
    return undefined
  }

  get isRebuiltByTells(): boolean {
    return choose(this.#facts()).chosen !== 'cmaes'
  }

  save(): Saved | undefined {
    const inner = this.#search?.save?.()
    if (this.#search !== undefined && inner === undefined) return undefined
    return { told: this.#told.slice(), chosen: this.#chosen, chosenAt: this.#chosenAt, inner }
  }

  #note(trial: ToldTrial): void {
    this.#told.push(trial)
    this.#known.learn(trial)
    for (const _ in trial.constraints) this.#isConstrained = true
  }

  #start(chosen: Chosen, saved: unknown): Search {
    const { saved: _, ...context } = this.#context
    return FACTORIES[chosen](this.#told.slice(0, this.#chosenAt)).start({
      ...context,
      random: context.random.fork(chosen),
      ...(saved !== undefined && { saved }),
    })
  }

  #facts(): Facts {
    const { parameters, objectives, budget } = this.#context
    const { always, sometimes } = this.#known.next({})
    return {
      objectiveCount: objectives.length,
      isConstrained: this.#isConstrained,
      parameterCount: parameters.length > 0 ? parameters.length : always.length + sometimes.length,
      isNumeric: always.every(({ domain }) => domain.kind !== 'categorical' || domain.ordered),
      isConditional: sometimes.length > 0 || parameters.some(({ when }) => when.length > 0),
      toldCount: this.#told.length,
      budget,
    }
  }
}
