import type { Results, Scheduler, Search, Searcher, ToldTrial } from 'troupe'
import { ExperimentError, fifo, type Suggestion } from 'troupe'
import { simulate, type Simulation } from 'troupe/testing'

/** What was told of one trial, read at once: the searcher may look at nothing later. */
export type Words = Pick<ToldTrial, 'number' | 'state' | 'values' | 'step' | 'intermediate'>

/** A user's searcher that proposes nothing but `x`, the number of the trial, and writes down what it is told. */
export function spyingSearcher(
  options: Partial<Searcher> & { readonly answer?: (number: number) => Suggestion } = {},
): {
  readonly searcher: Searcher
  readonly suggested: number[]
  readonly told: Words[]
} {
  const suggested: number[] = []
  const told: Words[] = []
  const { answer = (number) => ({ kind: 'point', point: { x: number } }), ...members } = options
  const search: Search = {
    suggest({ number }) {
      const suggestion = answer(number)
      if (suggestion?.kind === 'point') suggested.push(number)
      return suggestion
    },
    tell({ number, state, values, step, intermediate }) {
      told.push({ number, state, values, step, intermediate })
    },
  }
  return { searcher: { name: 'spying', start: () => search, ...members }, suggested, told }
}

/** A user's scheduler, of which only what matters here has to be said. */
export function schedulerOf<State>(
  members: Partial<Scheduler<State>> & Pick<Scheduler<State>, 'init'>,
): Scheduler<State> {
  return { ...fifo(), name: 'scripted', line: 'Scripted.', ...members } as Scheduler<State>
}

/** What an experiment came to, whichever way it ended. */
export interface Ended<Config> {
  readonly results: Results<Config>
  readonly error: ExperimentError<Results<Config>> | undefined
  readonly run: Simulation<Config> | undefined
}

/** The results of an experiment in either case: those that it gave, or those that its error carries. */
export async function endOf<Config>(
  running: Promise<Simulation<Config>> | Promise<Results<Config>>,
): Promise<Ended<Config>> {
  try {
    const done = await running
    return 'trace' in done
      ? { results: done.results, run: done, error: undefined }
      : { results: done, run: undefined, error: undefined }
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error
    const failed = error as ExperimentError<Results<Config>>
    return { results: failed.results, run: undefined, error: failed }
  }
}

export { simulate }

/** Trials that do not end by themselves within the time of a test. */
export const FOREVER_MS = 1e9
