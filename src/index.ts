// The main job
export type { RunOptions } from './cli/run-options.ts'
export { type RestoreOptions, Tuner, type TunerConstructor, type TunerOptions } from './tuner/tuner.ts'
export type {
  CheckpointOptions,
  ExecutorFactory,
  ExperimentOptions,
  FailureOptions,
  ResumeOptions,
} from './tuner/options.ts'
export type {
  Callback,
  CallbackEnd,
  CallbackSession,
  CallbackView,
  ExperimentListeners,
  KnownTrial,
} from './tuner/callback.ts'
export {
  defineTrainable,
  type Reported,
  type ReportOptions,
  type Sleep,
  type SteppedTrainable,
  type Trainable,
  type TrainableDefinition,
  type TrainableFunction,
  type Trial,
  type TrialLogger,
} from './executors/trainable.ts'

// Search space
export {
  loguniform,
  qloguniform,
  qrandn,
  quniform,
  randn,
  reverseLoguniform,
  uniform,
} from './space/numbers.ts'
export { lograndint, qlograndint, qrandint, randint } from './space/integers.ts'
export { choice, gridSearch, ordinal } from './space/choices.ts'
export { sampleFrom } from './space/sample-from.ts'
export { branch, type Branch } from './space/branch.ts'
export type { ConfigOf } from './space/types.ts'
export type { Domain, Parameter, SpaceDefinition } from './space/space.ts'
export type { SuggestTrial } from './space/define-by-run.ts'

// Searchers
export { randomSearch, type RandomSearchOptions } from './searchers/random-search.ts'
export { gridSearcher, type GridSearcherOptions } from './searchers/grid-searcher.ts'
export { concurrencyLimiter, type ConcurrencyLimiterOptions } from './searchers/concurrency-limiter.ts'
export { repeater, type RepeaterOptions } from './searchers/repeater.ts'
export { auto, type AutoOptions } from './searchers/auto.ts'
export { tpe, type Gamma, type TpeOptions } from './searchers/tpe/tpe.ts'
export { gp, type GpOptions } from './searchers/gp/gp.ts'
export { cmaes, type CmaesOptions, type Restart, type SourceTrial } from './searchers/cmaes/cmaes.ts'
export type { IndependentOptions } from './searchers/independent.ts'
export { nsga2, type CrossoverOptions, type MutationOptions, type Nsga2Options } from './searchers/nsga2.ts'
export { nsga3, type Nsga3Options } from './searchers/nsga3.ts'
export { qmc, type QmcOptions } from './searchers/qmc.ts'
export { bruteForce, type BruteForceOptions } from './searchers/brute-force/brute-force.ts'
export { bohb, type BohbOptions } from './searchers/bohb/bohb.ts'
export { dehb, type DehbOptions } from './searchers/dehb/dehb.ts'
export { partialFixed, type PartialFixedOptions } from './searchers/partial-fixed.ts'
export type {
  Ask,
  Observation,
  RunningTrial,
  Search,
  SearchContext,
  Searcher,
  SearcherChoice,
  SearcherOptions,
  StartThread,
  Suggestion,
  ToldTrial,
} from './searchers/searcher.ts'

// Schedulers and stoppers
export { fifo } from './schedulers/fifo.ts'
export { asha, type AshaOptions, type AshaType } from './schedulers/asha.ts'
export { hyperband, type HyperbandOptions } from './schedulers/hyperband.ts'
export { hyperbandForBohb } from './schedulers/hyperband-for-bohb.ts'
export { medianStopping, type MedianStoppingOptions } from './schedulers/median-stopping.ts'
export { moAsha, type MoAshaOptions } from './schedulers/mo-asha.ts'
export {
  resourceChanging,
  type ResourceChangingOptions,
  type ResourcesAllocation,
} from './schedulers/resource-changing.ts'
export type { AllocationContext } from './schedulers/resource-allocation.ts'
export { pbt, type ExploreFunction, type PbtOptions } from './schedulers/pbt/pbt.ts'
export type { Mutation } from './schedulers/pbt/mutation.ts'
export { pb2, type Pb2Options } from './schedulers/pbt/pb2.ts'
export type { HyperparamBounds } from './schedulers/pbt/bounds.ts'
export { pbtPolicy, type PbtPolicy, type PbtStep } from './schedulers/pbt/pbt-policy.ts'
export { pbtReplay, type PbtReplayOptions } from './schedulers/pbt/pbt-replay.ts'
export type {
  AddedTrial,
  Candidate,
  Choice,
  Command,
  Decision,
  Evidence,
  Scheduler,
  SchedulerContext,
  TrialEnd,
  TrialReport,
} from './schedulers/scheduler.ts'
export { medianPruner, type MedianPrunerOptions } from './schedulers/median-pruner.ts'
export { percentilePruner, type PercentilePrunerOptions } from './schedulers/percentile-pruner.ts'
export {
  successiveHalvingPruner,
  type SuccessiveHalvingPrunerOptions,
} from './schedulers/successive-halving-pruner.ts'
export { hyperbandPruner, type HyperbandPrunerOptions } from './schedulers/hyperband-pruner.ts'
export { thresholdPruner, type ThresholdPrunerOptions } from './schedulers/threshold-pruner.ts'
export { patientPruner, type PatientPrunerOptions } from './schedulers/patient-pruner.ts'
export type { ObservingScheduler } from './schedulers/observing.ts'
export { wilcoxonPruner, type WilcoxonPrunerOptions } from './schedulers/wilcoxon-pruner.ts'
export { terminator, type TerminatorOptions } from './stoppers/terminator/terminator.ts'
export { maximumIteration } from './stoppers/maximum-iteration.ts'
export { trialPlateau, type TrialPlateauOptions } from './stoppers/trial-plateau.ts'
export { experimentPlateau, type ExperimentPlateauOptions } from './stoppers/experiment-plateau.ts'
export { timeout } from './stoppers/timeout.ts'
export { functionStopper } from './stoppers/function-stopper.ts'
export { combined } from './stoppers/combined.ts'
export { metricBound } from './stoppers/metric-bound.ts'
export type { StopDemand, Stopper, StopperReport } from './stoppers/stopper.ts'
export type { StopOption } from './stoppers/read-stoppers.ts'

// Ask and tell
export {
  createStudy,
  loadStudy,
  type CreateStudyOptions,
  type LoadStudyOptions,
} from './study/create-study.ts'
export { copyStudy, type CopyStudyOptions, deleteStudy, studyNames } from './study/kept-studies.ts'
export type { Direction } from './study/study-objectives.ts'
export type { EnqueueOptions, RetellOptions, Study } from './study/study.ts'
export type { TellOptions } from './study/outcome.ts'
export type { TrialToAdd } from './study/added-trial.ts'
export type { StudyTrial } from './study/study-trial.ts'
export type { StudyTrialRecord } from './study/study-state.ts'
export type { ObjectiveFunction, OptimizeEnd, OptimizeOptions, StudyCallback } from './study/optimize.ts'
export { TrialPruned } from './study/trial-pruned.ts'

// Watching
export type {
  DecisionInfo,
  EndedBy,
  ExperimentEvent,
  ExperimentEventName,
  ExperimentEvents,
  TrialInfo,
  Warning,
} from './core/events.ts'
export type { BestTrial, ExperimentSnapshot, ExperimentStatus, TrialSummary } from './core/snapshot.ts'
export type { EventsDropped } from './runtime/event-stream.ts'
export type { Inspector } from './runtime/inspection.ts'
export type { ExperimentEnd, ExperimentView, Reporter } from './results/reporter.ts'
export type { Trace, TraceHeader } from './runtime/trace.ts'

// Results
export { Results } from './results/results.ts'
export type { BestOptions } from './results/results.ts'
export type { BestResult, Result } from './results/result.ts'
export type { ResultCheckpoint } from './results/result-checkpoint.ts'
export type { Scope } from './results/ranking.ts'
export type { TableRow } from './results/table.ts'
export type { Timeline } from './results/timeline.ts'
export { TrialError } from './results/trial-error.ts'
export {
  hypervolume,
  type HypervolumeOptions,
  type RatedResults,
  type RatedStudy,
  type RatedTrial,
} from './results/hypervolume.ts'
export { importance, type ImportanceMethod, type ImportanceOptions } from './results/importance/importance.ts'
export type { ImportanceSource, ImportanceTarget } from './results/importance/assessed.ts'
export type { EndedTrial } from './results/ended-trials.ts'

// What runs trials, and what keeps them
export type {
  Assignment,
  Attempt,
  AttemptListener,
  Executor,
  LogEntry,
  OutgoingReport,
  Settled,
} from './executors/executor.ts'
export type { OpenLog, Store } from './stores/store.ts'
export type { LogRecord } from './core/log.ts'
export type { EndState, Resources, TrialSource, TrialState, TrialStatus } from './core/trial.ts'
export type { Metrics } from './core/metrics.ts'
export type { Mode, Objective } from './core/objective.ts'
export type { RandomStream, Seed } from './random/random.ts'

// Errors
export {
  DivergenceError,
  ExperimentError,
  type ExperimentErrorCode,
  NoResultError,
  OptionError,
  SpaceError,
  StorageError,
  TrialStopped,
  TroupeError,
} from './errors.ts'
