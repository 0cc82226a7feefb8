import { expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import {
  type Answer,
  SearchSession,
  type SearchSessionOptions,
  type TrialAnswer,
} from '../../src/searchers/session.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { completedTrial } from '../support/completed-trial.ts'
import { checkSearcher, type CheckSearcherOptions } from '../../src/testing/check-searcher.ts'

export { FINITE_SPACES } from '../../src/testing/laws/spaces.ts'

/** The laws of searchers, as a test. */
export function obeysSearcherLaws(make: () => Searcher, options: CheckSearcherOptions = {}): void {
  it('obeys the laws of searchers', async () => {
    // The models of some cost milliseconds a suggestion.
    await expect(checkSearcher(make, { runs: 30, ...options })).resolves.toBeUndefined()
  }, 120_000)
}

export function session(
  searcher: Searcher,
  definition: SpaceDefinition,
  seed: string,
  more: Partial<SearchSessionOptions> = {},
): SearchSession {
  return new SearchSession({
    searcher,
    space: readSpace(definition),
    objectives: [{ metric: 'loss', mode: 'min' }],
    random: randomStream(seed),
    ...more,
  })
}

export function isTrial(answer: Answer): answer is TrialAnswer {
  return answer.kind === 'trial'
}

/** A completed trial, as a searcher is told of it. */
export function told(
  number: number,
  answer: Pick<TrialAnswer, 'params' | 'domains'>,
  more: Partial<ToldTrial> = {},
): ToldTrial {
  return { ...completedTrial(number, answer, [0]), ...more }
}
