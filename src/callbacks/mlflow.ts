import type { TrialInfo } from '../core/events.ts'
import { describe, must, readOptions } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Callback, CallbackSession, CallbackView } from '../tuner/callback.ts'
import { type MlflowAddress, MlflowClient } from './mlflow/client.ts'
import { RunLog } from './mlflow/run-log.ts'
import { Tracking } from './mlflow/tracking.ts'
import { restoredTrials } from './restored-trials.ts'

/** Options of `mlflow`. */
export interface MlflowOptions {
  /** Of the tracking server, such as `'http://127.0.0.1:5000'`. A user and password in it are used. */
  readonly url: string
  /** Name of MLflow's experiment, made when it is not there. Default: the experiment's. */
  readonly experimentName?: string | undefined
  /** Sent as `Authorization: Bearer`. Default: none. */
  readonly token?: string | undefined
  /** Milliseconds for which each request is repeated while the server is away or in trouble. From 0. Default 300,000. */
  readonly retryForMs?: number
}

const DEFAULTS = { url: undefined, experimentName: undefined, token: undefined, retryForMs: 300_000 }

const beText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a text that is not empty.'

const CHECKS = { experimentName: beText, token: beText, retryForMs: must.from(0) }

/**
 * Logs each trial that starts as a run of MLflow, through its REST interface: the configuration as parameters (texts of
 * more than 500 characters cut), each number of a report as a metric at its `training_iteration`, user attributes as
 * tags, and the status: completed and pruned trials are `FINISHED`, failed ones `FAILED`, interrupted ones `KILLED`. The
 * tags `troupe.state`, `troupe.trial_id`, `troupe.number`, `troupe.experiment` and, where that is kept,
 * `troupe.experiment_started` (in milliseconds since 1970) say more.
 *
 * Trials never wait for it. Reports are sent in batches, twice a second at most, each run's in order. While the server is
 * away requests are repeated, at growing intervals; after `retryForMs`, or 5 s once the experiment has ended, or when the
 * server refuses something, it gives up with a warning. After a restore the runs that are there are gone on with.
 * @throws {OptionError} when `url` is missing or no address of http, or another option cannot be used.
 * @example new Tuner(train, { paramSpace, callbacks: [mlflow({ url: 'http://127.0.0.1:5000' })] })
 */
export function mlflow(options: MlflowOptions): Callback {
  const { url, experimentName, token, retryForMs } = readOptions('mlflow', options, DEFAULTS, CHECKS)
  const address: MlflowAddress = { url: readUrl(url), token, retryForMs }
  return {
    name: 'mlflow',
    start: (view, signal) => sessionOf(view, address, experimentName ?? view.name, signal),
  }
}

function readUrl(text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new OptionError(
    'mlflow.url',
    `mlflow.url: must be the address of a tracking server, such as 'http://127.0.0.1:5000'. Got ${describe(text)}.`,
    { received: text },
  )
}

function sessionOf(
  view: CallbackView,
  address: MlflowAddress,
  experimentName: string,
  signal: AbortSignal,
): CallbackSession {
  const runs = new Map<number, RunLog>()
  const resumed = restoredTrials(view).map((restored) => {
    const log = new RunLog(view, restored.trial)
    if (restored.isOver) log.end(restored.trial)
    else runs.set(restored.trial.number, log)
    return { ...restored, log }
  })
  const tracking = new Tracking(new MlflowClient(address, signal), experimentName, resumed, (failure) =>
    view.warn(`mlflow: ${failure.message} Nothing more is logged there; the experiment goes on.`, failure),
  )
  const say = (trial: TrialInfo, what: (log: RunLog) => void): void => {
    const log = runs.get(trial.number)
    if (log === undefined) return
    what(log)
    tracking.wake(log)
  }
  const end = ({ trial }: { readonly trial: TrialInfo }): void => {
    say(trial, (log) => log.end(trial))
    runs.delete(trial.number)
  }
  return {
    'trial.start': ({ trial }) => {
      if (!runs.has(trial.number)) runs.set(trial.number, new RunLog(view, trial))
      say(trial, () => {})
    },
    'trial.report': ({ trial, metrics }) => say(trial, (log) => log.report(metrics)),
    'trial.exploit': ({ trial, donor, config }) => say(trial, (log) => log.exploit(donor, config)),
    'trial.complete': end,
    'trial.stop': end,
    'trial.error': end,
    end: () => tracking.flush(),
  }
}
