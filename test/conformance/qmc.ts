/**
 * Compares the sequences of the searcher `qmc` with scipy's, what it suggests with Optuna's QMCSampler, and the measures
 * of evenness with scipy's.
 */
import { centeredDiscrepancy, starDiscrepancy } from '../../src/math/discrepancy.ts'
import { HaltonSequence } from '../../src/math/halton.ts'
import { SobolSequence } from '../../src/math/sobol.ts'
import { randomStream } from '../../src/random/random.ts'
import { qmc } from '../../src/searchers/qmc.ts'
import { SearchSession, type TrialAnswer } from '../../src/searchers/session.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { Params } from '../../src/core/trial.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'
import { type RecordedParameter, suggestRecorded } from './recorded-domain.ts'

interface SequenceInput {
  readonly dims: number
  readonly skip: number
  readonly count: number
}

interface SamplerInput {
  readonly space: readonly RecordedParameter[]
  readonly qmcType: 'sobol' | 'halton'
  readonly count: number
}

/** Says what differs first, or nothing. */
export function runQmcCase({ kind, input, expected }: FixtureCase, tolerance: Tolerance): string | undefined {
  switch (kind) {
    case 'sobol':
      return difference({ points: pointsOf(SobolSequence, input as SequenceInput) }, expected, tolerance)
    case 'halton':
      return difference({ points: pointsOf(HaltonSequence, input as SequenceInput) }, expected, tolerance)
    case 'discrepancy': {
      const { points } = input as { readonly points: readonly (readonly number[])[] }
      return difference(
        { CD: centeredDiscrepancy(points), 'L2-star': starDiscrepancy(points) },
        expected,
        tolerance,
      )
    }
    case 'optuna-qmc':
      return difference({ params: suggested(input as SamplerInput) }, expected, tolerance)
    default:
      return `cases of kind ${kind} are not known`
  }
}

function pointsOf(
  Sequence: typeof SobolSequence | typeof HaltonSequence,
  { dims, skip, count }: SequenceInput,
): number[][] {
  const sequence = new Sequence(dims)
  sequence.skip(skip)
  return Array.from({ length: count }, () => [...sequence.next()])
}

/** What is suggested after one trial has ended, from which the space is known. */
function suggested({ space, qmcType, count }: SamplerInput): Params[] {
  const session = new SearchSession({
    searcher: qmc({ qmcType }),
    space: readSpace((trial) => {
      for (const parameter of space) suggestRecorded(trial, parameter)
    }),
    objectives: [{ metric: 'loss', mode: 'min' }],
    random: randomStream('recorded'),
  })
  const ask = (number: number): TrialAnswer => session.suggest({ number, running: [] }) as TrialAnswer
  const { params, domains } = ask(0)
  const end = { state: 'completed', values: [0], step: 1, intermediate: [], constraints: {} } as const
  void session.tell({ number: 0, params, domains, ...end })
  return Array.from({ length: count }, (_, i) => ask(i + 1).params)
}
