import { constraintValue, type Metrics, plainAttr } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import type { Resources } from '../core/trial.ts'
import { type RandomStream, randomStream } from '../random/random.ts'
import { loggedFields } from './copies.ts'
import type { Assignment, AttemptListener, LogEntry } from './executor.ts'
import type { Reported, ReportOptions, Sleep, Trial } from './trainable.ts'

/** What stands behind a `Trial`. */
export interface TrialBackend {
  readonly assignment: Assignment
  readonly resources: Resources
  report(metrics: Metrics, options?: ReportOptions): Reported
  sleep(ms: number): Sleep
  readonly signal: AbortSignal
  /** Who hears what the trial tells; undefined once user code has ended. */
  readonly hearer: AttemptListener | undefined
  /** The iteration of the checkpoint that was made last, or that it goes on from; undefined when there is none. */
  readonly checkpointAt: number | undefined
}

/** The object that user code is given. No method needs `this`, so that they can be taken off it. */
export function trialObject(run: TrialBackend): Trial {
  const { assignment } = run
  let random: RandomStream | undefined
  let randomSince: number | undefined
  let checkpoint: { readonly value: unknown } | undefined
  // Made when it is first asked for: most trials log nothing.
  let logger: Trial['logger'] | undefined

  return {
    id: assignment.id,
    number: assignment.trial,
    attempt: assignment.attempt,
    get resources() {
      return run.resources
    },
    get signal() {
      return run.signal
    },
    // Its own copy: several trials, and later attempts, may start from the same checkpoint.
    get checkpoint() {
      if (assignment.checkpoint === undefined) return undefined
      checkpoint ??= { value: structuredClone(assignment.checkpoint.value) }
      return checkpoint.value
    },
    report(metrics, options) {
      return run.report(metrics, options)
    },
    sleep(ms) {
      return run.sleep(ms)
    },
    random() {
      const since = run.checkpointAt
      if (random === undefined || since !== randomSince) random = randomStream(randomPath(assignment, since))
      randomSince = since
      return random.next()
    },
    setUserAttr(key, value) {
      run.hearer?.setUserAttr(key, plainAttr('setUserAttr', key, value))
    },
    setConstraint(key, value) {
      run.hearer?.setConstraint(key, constraintValue('setConstraint', key, value))
    },
    get logger() {
      return (logger ??= loggerOf(run))
    },
  }
}

/** Anew from each checkpoint: what goes on from one draws what was drawn after it the first time. */
function randomPath({ randomPath: path }: Assignment, since: number | undefined): string {
  return since === undefined ? path : `${path}/${since}`
}

function loggerOf(run: TrialBackend): Trial['logger'] {
  const logAt =
    (level: LogEntry['level']) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const entry: LogEntry = { level, message: typeof message === 'string' ? message : describe(message) }
      run.hearer?.log(fields === undefined ? entry : { ...entry, fields: loggedFields(fields) })
    }
  return { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') }
}
