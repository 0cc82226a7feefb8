/** Compares the signed-rank test with scipy's, and what `wilcoxonPruner` decides with Optuna's WilcoxonPruner. */
import { type Alternative, signedRankTest, type ZeroMethod } from '../../src/math/wilcoxon.ts'
import { wilcoxonPruner } from '../../src/schedulers/wilcoxon-pruner.ts'
import { randomStream } from '../../src/random/random.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'

interface TestInput {
  readonly differences: readonly number[]
  readonly alternative: Alternative
}

interface PrunerInput {
  readonly direction: 'minimize' | 'maximize'
  readonly bestValue: number
  readonly bestIntermediate: readonly number[]
  readonly currentIntermediate: readonly number[]
  readonly pThreshold: number
  readonly nStartupSteps: number
}

/** Says what differs first, or nothing. */
export function runWilcoxonCase(
  { kind, input, expected }: FixtureCase,
  tolerance: Tolerance,
): string | undefined {
  switch (kind) {
    case 'test':
      return difference(tested(input as TestInput), expected, tolerance)
    case 'pruner':
      return difference({ prune: isPruned(input as PrunerInput) }, expected, tolerance)
    default:
      return `cases of kind ${kind} are not known`
  }
}

function tested({ differences, alternative }: TestInput): Record<ZeroMethod, unknown> {
  const result = (zeroMethod: ZeroMethod): unknown => {
    const { statistic, p } = signedRankTest(differences, { alternative, zeroMethod })
    return {
      auto: { statistic, p },
      asymptotic: signedRankTest(differences, { alternative, zeroMethod, method: 'asymptotic' }),
    }
  }
  return { zsplit: result('zsplit'), wilcox: result('wilcox'), pratt: result('pratt') }
}

/** Whether the scheduler stops trial 1 at its last report, after trial 0 has completed as the best. */
function isPruned(input: PrunerInput): boolean {
  const { pThreshold, nStartupSteps, direction, bestValue, bestIntermediate, currentIntermediate } = input
  const mode = direction === 'minimize' ? 'min' : 'max'
  const scheduler = wilcoxonPruner({ pThreshold, nStartupSteps })
  const state = scheduler.init({ name: 'test', resources: {}, objectives: [{ metric: 'loss', mode }] })
  const reportOf = (trial: number, time: number, recorded: unknown) => {
    const value = numberOf(recorded) as number
    return {
      trial,
      time,
      score: mode === 'max' ? value : -value,
      values: [value],
      metrics: { loss: value, training_iteration: time },
      config: {},
      hasCheckpoint: false,
    }
  }
  for (const trial of [0, 1])
    scheduler.onAdd?.(state, { trial, config: {}, resources: {}, random: randomStream(trial) })
  bestIntermediate.forEach((value, step) => scheduler.onReport(state, reportOf(0, step, value)))
  scheduler.onEnd?.(state, {
    trial: 0,
    state: 'completed',
    last: reportOf(0, bestIntermediate.length, bestValue),
  })
  let isStopped = false
  currentIntermediate.forEach((value, step) => {
    isStopped = scheduler.onReport(state, reportOf(1, step, value)).kind === 'stop'
  })
  return isStopped
}
