/** Compares which trials TPE takes as good with Optuna's choice. */
import type { Outcome } from '../../src/searchers/tpe/outcome.ts'
import { outcomeOf } from '../../src/searchers/tpe/outcome.ts'
import { referencePoint, TrialOrder } from '../../src/searchers/tpe/trial-order.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'
import { objectivesOf, type RecordedTrial, toldOf } from './recorded-trial.ts'

interface SplitInput {
  readonly directions: readonly string[]
  readonly trials: readonly RecordedTrial[]
}

interface ReferenceInput {
  readonly lossValues: readonly (readonly number[])[]
}

interface SplitExpected {
  readonly splits: readonly { readonly label: string; readonly nBelow: number }[]
}

/** Says what differs first, or nothing. */
export function runTpeSplitCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const input = testCase['input'] as SplitInput | ReferenceInput
  if ('lossValues' in input) {
    return difference({ referencePoint: referencePoint(input.lossValues) }, testCase['expected'], tolerance)
  }
  const numbers = input.trials.map(({ number }) => number)
  const order = orderOf(input)
  const splits = (testCase['expected'] as SplitExpected).splits.map(({ label, nBelow }) => {
    const below = order.best(nBelow).toSorted((a, b) => a - b)
    return { label, nBelow, below, above: numbers.filter((number) => !below.includes(number)) }
  })
  return difference({ splits }, testCase['expected'], tolerance)
}

function orderOf({ directions, trials }: SplitInput): TrialOrder {
  const objectives = objectivesOf(directions)
  const order = new TrialOrder(objectives.length)
  const outcomes = trials.flatMap((trial): Outcome[] => {
    const told = toldOf(trial)
    const outcome = told === undefined ? undefined : outcomeOf(told, objectives)
    return outcome === undefined ? [] : [outcome]
  })
  for (const outcome of outcomes) order.add(outcome)
  return order
}
