import type { Objective } from '../../src/core/objective.ts'
import type { BestTrial, ExperimentSnapshot, TrialSummary } from '../../src/core/snapshot.ts'
import type { TrialStatus } from '../../src/core/trial.ts'
import { isFeasible } from '../../src/core/order.ts'
import { leavesOf } from '../../src/results/paths.ts'
import type { ExperimentEnd, ExperimentView } from '../../src/results/reporter.ts'
import { Results } from '../../src/results/results.ts'
import { recordOf, type Told } from '../results/records.ts'
import type { TutorialPart } from '../results/tutorial.ts'

export const MIN_LOSS: readonly Objective[] = [{ metric: 'loss', mode: 'min' }]

/** A trial that runs and has reported what it is told to. */
export function summary(
  number: number,
  told: Partial<TrialSummary> & { status?: TrialStatus } = {},
): TrialSummary {
  const config = told.config ?? {}
  return {
    id: `id${number}`,
    number,
    name: `train_${number}`,
    status: 'running',
    state: 'running',
    source: 'suggested',
    location: 'in process',
    config,
    params: Object.fromEntries(leavesOf(config)),
    metrics: undefined,
    values: undefined,
    iteration: 0,
    timeTotalS: 0,
    attempt: 1,
    failures: 0,
    feasible: isFeasible({}),
    error: undefined,
    reason: undefined,
    ...told,
  }
}

export function snapshot(
  trials: readonly TrialSummary[],
  told: Partial<ExperimentSnapshot> = {},
): ExperimentSnapshot {
  const running = trials.filter(({ status }) => status === 'running').length
  return {
    status: 'running',
    name: 'train',
    elapsedMs: 0,
    best: undefined,
    waitingFor: [],
    trials,
    scheduler: 'Using FIFO scheduling algorithm.',
    searcher: 'randomSearch',
    resources: { used: { cpu: running }, total: { cpu: 12 } },
    slots: { used: running, total: 4 },
    ...told,
  }
}

export function view(told: Partial<ExperimentView> = {}): ExperimentView {
  return { name: 'train', objectives: MIN_LOSS, numSamples: undefined, parameterNames: undefined, ...told }
}

export function bestOf(trial: TrialSummary, metric: string, value: number): BestTrial {
  return { ...trial, metric, mode: 'min', value }
}

/** The end of an experiment whose trials are told as records. */
export function endOf(
  trials: readonly Told[],
  {
    snapshot: given,
    objectives = MIN_LOSS,
    ...told
  }: Partial<ExperimentEnd> & { objectives?: readonly Objective[] } & Partial<
      ConstructorParameters<typeof Results>[0]
    > = {},
): ExperimentEnd {
  const records = trials.map((trial, i) => recordOf(trial, i, objectives))
  return {
    snapshot: given ?? snapshot([], { status: 'done' }),
    error: told.error,
    results: new Results({
      records,
      endedBy: 'finished',
      warnings: [],
      elapsedMs: 1000,
      ...told,
      objectives,
    }),
  }
}

/** What the page's run looked like when it had ended. */
export function tutorialSnapshot({ part, rows, schedulerLine }: TutorialPart): ExperimentSnapshot {
  const trials = rows.map(({ name, loc, config, metrics }, number) => {
    const { steps, ...params } = config
    return summary(number, {
      name,
      location: loc,
      status: 'terminated',
      state: 'completed',
      config: { steps, ...params },
      params,
      metrics,
      iteration: 100,
    })
  })
  return snapshot(trials, {
    name: part,
    status: 'done',
    elapsedMs: 35_680,
    scheduler: schedulerLine,
    resources: { used: { cpu: 1 }, total: { cpu: 12 } },
    slots: { used: 0, total: 4 },
  })
}

/** How the Tuner would describe the page's run. */
export function tutorialView({ part, rows, best }: TutorialPart): ExperimentView {
  return view({
    name: part,
    // The page's conditional part defines its space by running it.
    parameterNames: part === 'conditional' ? undefined : ['width', 'height', 'activation'],
    objectives: best.map(({ metric, mode }) => ({ metric, mode: mode === 'min' ? 'min' : 'max' })),
    numSamples: rows.length,
  })
}
