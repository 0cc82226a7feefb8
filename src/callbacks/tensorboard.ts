import type { TrialInfo } from '../core/events.ts'
import type { Callback, CallbackSession, CallbackView } from '../tuner/callback.ts'
import { type DirectoryOptions, readDirectory } from './folder/directory-options.ts'
import { ExperimentFiles } from './folder/experiment-files.ts'
import { restoredTrials } from './restored-trials.ts'
import { earlierEvents, EventFile } from './tensorboard/event-file.ts'
import { summaryEvent } from './tensorboard/events.ts'
import { EXPERIMENT_TAG, experimentSummary } from './tensorboard/hparams.ts'
import { TrialEvents } from './tensorboard/trial-events.ts'

/** Options of `tensorboard`. */
export type TensorboardOptions = DirectoryOptions

/**
 * Writes event files that TensorBoard reads while the experiment runs: in each trial's folder its metrics by
 * `training_iteration`, and its parameters, which the HParams tab shows beside the objectives.
 *
 * - Each number that a trial reports is a scalar under its own name, nested ones such as `val/loss`, in 32 bits.
 *   `time_total_s` and `training_iteration` are left out, and so is what is no number.
 * - Parameters are those that were sampled, without constants, as they are at the trial's first report: what `pbt`
 *   changes later is in `params.json` of `jsonFiles`. What is no number, text or truth value is written as text.
 * - The experiment's own folder says which parameters there are, and their ranges, unless the space is define-by-run.
 *   TensorBoard takes that of one experiment only, so point `--logdir` at `<directory>/<experiment>`.
 *
 * A new attempt takes back what the last one reported beyond the checkpoint, and so does a restore, which goes on in a
 * file of its own and adds what a crash has lost.
 * @throws {OptionError} when `directory` is missing, or an option is not known.
 * @example new Tuner(train, { paramSpace, callbacks: [tensorboard({ directory: 'results' })] })
 */
export function tensorboard(options: TensorboardOptions): Callback {
  const directory = readDirectory('tensorboard', options)
  return {
    name: 'tensorboard',
    start: async (view) => sessionOf(await ExperimentFiles.open(view, directory), view),
  }
}

function sessionOf(files: ExperimentFiles, view: CallbackView): CallbackSession {
  const open = new Map<number, TrialEvents>()
  writeExperiment(files, view)

  const eventsOf = (trial: TrialInfo): TrialEvents => {
    let events = open.get(trial.number)
    if (events === undefined) {
      events = new TrialEvents(files, trial, view.restored ? [] : undefined)
      open.set(trial.number, events)
    }
    return events
  }
  const end = ({ trial }: { readonly trial: TrialInfo }): void => {
    const events = open.get(trial.number)
    // One that can go on later has not ended, and one that never started has nothing to show.
    if (trial.state !== 'interrupted') events?.end(trial)
    open.delete(trial.number)
  }

  for (const { trial, history, isOver } of restoredTrials(view)) {
    const events = new TrialEvents(files, trial, history)
    if (isOver) events.end(trial)
    else open.set(trial.number, events)
  }

  return {
    'trial.start': ({ trial, attempt }) => {
      const events = eventsOf(trial)
      if (attempt > 1) events.restart(trial.iteration)
    },
    'trial.exploit': ({ trial }) => eventsOf(trial).branch(),
    'trial.report': ({ trial, metrics }) => eventsOf(trial).report(trial, metrics),
    'trial.complete': end,
    'trial.stop': end,
    'trial.error': end,
    end: () => files.flush(),
  }
}

function writeExperiment(files: ExperimentFiles, { name, parameters, objectives }: CallbackView): void {
  if (parameters === undefined || parameters.length === 0) return
  const now = Date.now()
  const event = summaryEvent(now, experimentSummary(name, parameters, objectives, now))
  const file = new EventFile(
    files,
    async () => files.path,
    async (folder) => {
      const { tags } = await earlierEvents(folder)
      if (!tags.has(EXPERIMENT_TAG)) file.add(event)
    },
  )
}
