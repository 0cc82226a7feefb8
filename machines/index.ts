/** The statecharts that an experiment consists of, and what they say to each other. */
export {
  experimentChart,
  experimentMachine,
  type ExperimentActor,
  type ExperimentContext,
} from './experiment.ts'
export { trialChart, trialMachine, type TrialContext, type TrialInput, type TrialSnapshot } from './trial.ts'
export { searcherChart, searcherMachine } from './searcher.ts'
export { schedulerChart, schedulerMachine } from './scheduler.ts'
export { trialsSupervisor, trialsSupervisorOf, type TrialsSnapshot } from './trials.ts'
export type { PolicyContext, PolicyHost, PolicyInput } from './policy.ts'
export type {
  ExperimentMessage,
  Failure,
  SchedulerMessage,
  SearcherMessage,
  StopCause,
  TrialMessage,
  TrialRun,
  TrialsMessage,
} from './protocol.ts'
