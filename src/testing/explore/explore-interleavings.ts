import { TroupeError } from '../../errors.ts'
import { nextMacrotask } from '../../runtime/macrotask.ts'
import { recordInWords } from '../../runtime/trace-text.ts'
import { stageOf } from './experiment-stage.ts'
import { type ExploreOptions, readExploreOptions } from './explore-options.ts'
import type { Stage } from './staged-run.ts'
import { type StateNode, StateMap, summary, type Visit } from './state-map.ts'

/** What was explored. */
export interface Exploration {
  /** How many runs that took. */
  readonly runs: number
  /** Different states that an experiment was in. */
  readonly states: number
  /** Different orders of messages, from the start to the end, that this covers. */
  readonly orders: number
  /** Messages in the longest of them. */
  readonly longest: number
  /** Whether that is all of them: false when `maxRuns` were not enough. */
  readonly isComplete: boolean
}

// Runs between two turns of the event loop.
const SLICE = 200

/**
 * Runs a scheduler with the real machines under every order in which messages can arrive: whichever trial is the next
 * to report, to end or to leave; with a crash, a stop by the user or code that does not leave, at any time. Runs that
 * come to the same state are gone on with once. Checked at each step: no trial is lost; something can always happen
 * until all have ended; nothing is decided twice, nor about a trial that has ended; slots and resources are never
 * over-committed; each trial is told to the searcher once; commands name trials that wait.
 *
 * What is broken is shown after as few messages as it takes. Time stands still: metrics of time are 0. 3 trials of 3 reports take seconds; each further trial or report some times as long.
 * @throws {TroupeError} (rejects) with code `'interleaving'`: what is broken, and the messages that lead there.
 * @throws {OptionError} (rejects) for options that cannot be used.
 * @example const { orders } = await exploreInterleavings({ scheduler: asha({ maxT: 3 }), trials: 3, reports: 3 })
 */
export async function exploreInterleavings(options: ExploreOptions = {}): Promise<Exploration> {
  const settings = readExploreOptions(options)
  const { maxRuns } = settings
  const map = new StateMap(stageOf(settings))
  // Depth first, since a run that goes on costs a step where another one costs all steps up to there.
  const open: { readonly node: StateNode; readonly words: string }[] = []
  let live = map.start()
  for (let runs = 1; ;) {
    const broken = live.run.violation
    if (broken !== undefined) throw await shortest(map.stage, live, maxRuns)
    const [head, ...others] = live.isNew ? live.node.choices : []
    const { node } = live
    open.push(...others.toReversed().map((words) => ({ node, words })))
    if (head !== undefined) {
      live = map.step(live.run, node, head)
      continue
    }
    const next = open.pop()
    if (next === undefined) return { ...summary(map.nodes), runs, isComplete: true }
    if (runs++ >= maxRuns) return { ...summary(map.nodes), runs: maxRuns, isComplete: false }
    if (runs % SLICE === 0) await nextMacrotask()
    live = map.goTo(next.node, next.words)
  }
}

/** What breaks after the fewest messages, so far as that is found within so many runs; else what is known to break. */
async function shortest(stage: Stage, known: Visit, maxRuns: number): Promise<TroupeError> {
  const map = new StateMap(stage)
  const first = map.start()
  if (first.run.violation !== undefined) return asViolation(first)
  let runs = 0
  for (const node of map.nodes) {
    if (node.path.length + 1 >= known.path.length) break
    for (const words of node.choices) {
      if (runs++ >= maxRuns) return asViolation(known)
      if (runs % SLICE === 0) await nextMacrotask()
      const visit = map.goTo(node, words)
      if (visit.run.violation !== undefined) return asViolation(visit)
    }
  }
  return asViolation(known)
}

function asViolation({ run, path }: Visit): TroupeError {
  const steps = path.map((words, i) => `  ${i + 1}. ${words}`)
  const log = run.log.map((record) => `  ${recordInWords(record)}`)
  return new TroupeError(
    'interleaving',
    [
      `${run.violation?.replace(/\.$/, '')}.`,
      `A shortest order of messages that leads there${path.length === 0 ? ': none, it is so from the start' : ':'}`,
      ...steps,
      'What was recorded on the way:',
      ...log,
    ].join('\n'),
  )
}
