/** LCBench as a problem like others: a trial is one network, trained to the end, on one of two data sets. */
import { ACCURACY, EPOCHS, type Surrogate } from './lcbench-surrogate.ts'
import { excess, type Outcome, type Problem } from './problem.ts'

/** One problem for each of `instances`, whose best known accuracy in percent is given. */
export function lcbenchProblems(
  surrogate: Surrogate,
  instances: Readonly<Record<string, number>>,
): Problem[] {
  return Object.entries(instances).map(([instance, best]) => ({
    name: `lcbench-${instance}`,
    space: surrogate.space,
    objectives: [{ metric: ACCURACY, mode: 'max' }],
    constraintCount: 0,
    evaluate: async (params) => ({
      values: await surrogate.accuracies(instance, params, [EPOCHS]),
      constraints: [],
    }),
    scoreOf: (outcomes: readonly Outcome[]) => Math.max(...outcomes.map(({ values }) => values[0] as number)),
    regretOf: (score: number) => excess(-score, -best),
  }))
}
