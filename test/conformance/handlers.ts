import { runCmaCase } from './cma.ts'
import type { FixtureCase } from './fixture.ts'
import { runGpCase } from './gp.ts'
import { runHypervolumeCase } from './hypervolume.ts'
import type { Tolerance } from './matching.ts'
import { runImportanceCase } from './importance.ts'
import { runNsgaCase } from './nsga.ts'
import {
  runOptunaHyperbandCase,
  runOptunaMedianCase,
  runOptunaNopCase,
  runOptunaPatientCase,
  runOptunaPercentileCase,
  runOptunaSuccessiveHalvingCase,
  runOptunaThresholdCase,
  runOptunaWilcoxonCase,
} from './optuna-pruners.ts'
import { runQmcCase } from './qmc.ts'
import { runRayAshaCase } from './ray-asha.ts'
import { runRayDomainsCase } from './ray-domains.ts'
import { runRayHyperbandCase } from './ray-hyperband.ts'
import { runRayMedianCase } from './ray-median.ts'
import { runRayPbtCase } from './ray-pbt.ts'
import { runSpaceTransformCase } from './space-transform.ts'
import { runTerminatorCase } from './terminator.ts'
import { runTpeAcquisitionCase } from './tpe-acquisition.ts'
import { runTpeParzenCase } from './tpe-parzen.ts'
import { runTpeSplitCase } from './tpe-split.ts'
import { runTpeTablesCase } from './tpe-tables.ts'
import { runWilcoxonCase } from './wilcoxon.ts'

/**
 * Knows one format of fixtures. To add one: write `run`, calling only what the shipped searchers and schedulers
 * themselves call, and add a line to `HANDLERS`.
 */
export interface Handler {
  /** Found in the `source` of the files of this format, whatever the files are called. */
  readonly source: RegExp
  /** Says in what the case differs, or nothing when it passes. What it throws counts as a difference. */
  run(testCase: FixtureCase, tolerance: Tolerance): string | undefined
}

export const HANDLERS: readonly Handler[] = [
  { source: /^ray .*AsyncHyperBandScheduler/, run: runRayAshaCase },
  { source: /^ray .*\bHyperBandScheduler/, run: runRayHyperbandCase },
  { source: /^ray .*MedianStoppingRule/, run: runRayMedianCase },
  { source: /^ray .*PopulationBasedTraining/, run: runRayPbtCase },
  { source: /^optuna .*pruners\.MedianPruner/, run: runOptunaMedianCase },
  { source: /^optuna .*pruners\.PercentilePruner/, run: runOptunaPercentileCase },
  { source: /^optuna .*pruners\.SuccessiveHalvingPruner/, run: runOptunaSuccessiveHalvingCase },
  { source: /^optuna .*pruners\.HyperbandPruner/, run: runOptunaHyperbandCase },
  { source: /^optuna .*pruners\.ThresholdPruner/, run: runOptunaThresholdCase },
  { source: /^optuna .*pruners\.PatientPruner/, run: runOptunaPatientCase },
  { source: /^optuna .*pruners\.WilcoxonPruner/, run: runOptunaWilcoxonCase },
  { source: /^optuna .*pruners\.NopPruner/, run: runOptunaNopCase },
  { source: /^ray .*tune\.search\.sample/, run: runRayDomainsCase },
  { source: /^optuna .*_SearchSpaceTransform/, run: runSpaceTransformCase },
  { source: /^optuna .*parzen_estimator/, run: runTpeParzenCase },
  { source: /^optuna .*_truncnorm/, run: runTpeTablesCase },
  { source: /^optuna .*_split_trials/, run: runTpeSplitCase },
  { source: /^optuna .*TPESampler defaults/, run: runTpeAcquisitionCase },
  { source: /^Hansen tutorial/, run: runCmaCase },
  { source: /^optuna .*_gp \(/, run: runGpCase },
  { source: /^optuna .*terminator/, run: runTerminatorCase },
  { source: /^optuna .*_hypervolume/, run: runHypervolumeCase },
  { source: /^optuna .*importance/, run: runImportanceCase },
  { source: /^optuna .*nsgaii/, run: runNsgaCase },
  { source: /^scipy.stats.qmc/, run: runQmcCase },
  { source: /^scipy .*wilcoxon/, run: runWilcoxonCase },
]
