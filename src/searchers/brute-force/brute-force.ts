import { type Checks, must, readOptions } from '../../core/options.ts'
import type { Params } from '../../core/trial.ts'
import { SpaceError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import { cardinality, valuesOf } from '../../space/encoding.ts'
import type { Domain, Parameter } from '../../space/space.ts'
import { type Axis, inOrder } from '../combinations.ts'
import { isPlainData } from '../plain-data.ts'
import {
  type Search,
  SEARCHER_CHECKS,
  SEARCHER_DEFAULTS,
  type Searcher,
  type SearcherOptions,
} from '../searcher.ts'
import { startDeclared } from './declared-search.ts'
import { type SavedTree, TriedTree } from './tried-tree.ts'

/** Options of `bruteForce`. */
export interface BruteForceOptions extends SearcherOptions {
  /**
   * Define-by-run only: whether to wait, where all that is known is tried or running, for what the running trials may
   * show. Without it such a search finishes. Default true.
   */
  readonly avoidPrematureStop?: boolean | undefined
}

const DEFAULTS = { ...SEARCHER_DEFAULTS, avoidPrematureStop: true }

const CHECKS: Checks<BruteForceOptions> = { ...SEARCHER_CHECKS, avoidPrematureStop: must.beBoolean }

// A parameter with more values than that is as good as infinite, and its values are not listed.
const VALUES_MAX = 1_000_000

// Random points that may be turned down for a trial of which nothing is known.
const BLIND_TRIES_MAX = 100

/**
 * Tries every configuration of a finite space, each once, in a random order, and then has finished; results change
 * nothing. Configurations that the user gave, and those of earlier trials, count as tried, however they ended; those
 * that `where` forbids are left out. Axes of `gridSearch` are parameters like others, `sampleFrom` is computed.
 *
 * In a define-by-run space the tree of what is suggested after what grows with each trial that ends. Trials get a
 * beginning that has not been tried, and what follows is drawn. While only running trials can show how the function
 * goes on, it waits; so the first trial runs alone. A beginning is given up when the function does not follow it, or
 * after 100 points of it were turned down in a row.
 *
 * A declared space of more than 2⁵² points, which nobody gets through, is drawn from at random. After a million points
 * in a row that were turned down the search has finished.
 * Source: Optuna's BruteForceSampler, whose `avoid_premature_stop` is false by default.
 * Time per suggestion: O(parameters) when declared, else O(parameters · values); memory O(1), else O(trials · parameters).
 *
 * @param options.seed - The order. Default: derived from the experiment's seed.
 * @param options.avoidPrematureStop - Define-by-run: whether to wait for what running trials may show. Default true.
 * @throws {SpaceError} where the experiment is made, when a parameter has infinitely many values, or more than a
 *   million; in a define-by-run space when the first trial with such a parameter has ended.
 * @throws {OptionError} when an option is not known or cannot be used.
 * @example new Tuner(train, { paramSpace: { act: choice(['relu', 'tanh']), layers: randint(1, 5) }, searcher: bruteForce() })
 */
export function bruteForce(options: BruteForceOptions = {}): Searcher {
  const { avoidPrematureStop, ...common } = readOptions('bruteForce', options, DEFAULTS, CHECKS)
  return {
    name: 'bruteForce',
    options: common,
    expandsGrid: true,
    exhaustive: true,
    check: ({ parameters }) => {
      axesOfAll(parameters)
    },
    start({ parameters, random, saved }) {
      return parameters.length > 0
        ? startDeclared(axesOfAll(parameters), random, saved as Parameters<typeof startDeclared>[2])
        : startByRunning(random, avoidPrematureStop, saved as SavedSearch | undefined)
    },
  }
}

interface SavedSearch {
  readonly tree: SavedTree
  readonly begun: readonly (readonly [number: number, beginning: Params])[]
}

function startByRunning(random: RandomStream, waits: boolean, saved: SavedSearch | undefined): Search {
  const tree = new TriedTree(refuseInfinite, saved?.tree)
  // What was suggested for trials that have not ended.
  const begun = new Map(saved?.begun)
  return {
    suggest({ number, retry, running }) {
      const before = begun.get(number)
      if (retry > 0 && before !== undefined) tree.turnDown(before)
      const draws = random.fork(retry === 0 ? number : `${number}/${retry}`)
      const chosen = tree.choose(
        running.map(({ params }) => params),
        draws,
      )
      if (chosen === 'done') return { kind: 'finished' }
      if (chosen === 'running') {
        if (waits) return { kind: 'wait' }
        return tree.isUnknown && retry < BLIND_TRIES_MAX ? { kind: 'point', point: {} } : { kind: 'finished' }
      }
      begun.set(number, chosen)
      return { kind: 'point', point: chosen }
    },
    tell(trial) {
      tree.add(trial)
      // The function went another way than before, and would again.
      tree.giveUp(begun.get(trial.number) ?? trial.params)
      begun.delete(trial.number)
    },
    save() {
      const kept = tree.save()
      const beginnings = [...begun]
      return kept === undefined || !isPlainData(beginnings) ? undefined : { tree: kept, begun: beginnings }
    },
  }
}

function axesOfAll(parameters: readonly Parameter[]): Axis[] {
  const dimensions = parameters.filter(({ domain }) => domain.kind !== 'computed')
  return inOrder(
    dimensions.map(({ path, when, domain }) => {
      refuseInfinite(path, domain)
      return { path, when, values: valuesOf(domain) }
    }),
  )
}

function refuseInfinite(path: string, domain: Domain): void {
  const count = cardinality(domain)
  if (count <= VALUES_MAX) return
  throw new SpaceError(
    path,
    `has ${count === Infinity ? 'infinitely many' : count} values, which bruteForce cannot all try. Give it steps (quniform, randint, or step in suggestFloat) or choices, or use randomSearch().`,
    { received: domain },
  )
}
