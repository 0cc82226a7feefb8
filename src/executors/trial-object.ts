import { constraintValue, plainAttr } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import type { Resources } from '../core/trial.ts'
import { type RandomStream, randomStream } from '../random/random.ts'
import { loggedFields } from './copies.ts'
import type { Assignment, AttemptListener, LogEntry } from './executor.ts'
import type { Trial } from './trainable.ts'

/** What stands behind a `Trial`. */
export interface TrialBackend {
  readonly assignment: Assignment
  readonly resources: () => Resources
  readonly report: Trial['report']
  readonly sleep: Trial['sleep']
  readonly signal: () => AbortSignal
  /** Who hears what the trial tells; undefined once user code has ended. */
  readonly listener: () => AttemptListener | undefined
  /** The iteration of the checkpoint that was made last, or that it goes on from; undefined when there is none. */
  readonly checkpointAt: () => number | undefined
}

/** The object that user code is given. Its methods are closures, so that they can be taken off it. */
export function trialObject({
  assignment,
  resources,
  report,
  sleep,
  signal,
  listener,
  checkpointAt,
}: TrialBackend): Trial {
  let random: RandomStream | undefined
  let randomSince: number | undefined
  let checkpoint: { readonly value: unknown } | undefined
  // Made when it is first asked for: most trials log nothing.
  let logger: Trial['logger'] | undefined

  // Anew from each checkpoint: what goes on from one draws what was drawn after it the first time.
  const pathSince = (since: number | undefined): string =>
    since === undefined ? assignment.randomPath : `${assignment.randomPath}/${since}`

  const logAt =
    (level: LogEntry['level']) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const entry: LogEntry = { level, message: typeof message === 'string' ? message : describe(message) }
      listener()?.log(fields === undefined ? entry : { ...entry, fields: loggedFields(fields) })
    }

  return {
    id: assignment.id,
    number: assignment.trial,
    attempt: assignment.attempt,
    get resources() {
      return resources()
    },
    get signal() {
      return signal()
    },
    // Its own copy: several trials, and later attempts, may start from the same checkpoint.
    get checkpoint() {
      if (assignment.checkpoint === undefined) return undefined
      checkpoint ??= { value: structuredClone(assignment.checkpoint.value) }
      return checkpoint.value
    },
    report,
    sleep,
    random() {
      const since = checkpointAt()
      if (random === undefined || since !== randomSince) random = randomStream(pathSince(since))
      randomSince = since
      return random.next()
    },
    setUserAttr: (key, value) => listener()?.setUserAttr(key, plainAttr('setUserAttr', key, value)),
    setConstraint: (key, value) =>
      listener()?.setConstraint(key, constraintValue('setConstraint', key, value)),
    get logger() {
      logger ??= { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') }
      return logger
    },
  }
}
