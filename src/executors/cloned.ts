import { asError } from '../errors.ts'
import type { Kernel } from '../runtime/kernel.ts'
import { clonedValue } from './copies.ts'
import { errorFromData, errorToData } from './crossing-errors.ts'
import type { Assignment, Attempt, AttemptListener, Executor, Settled } from './executor.ts'

/**
 * The same executor behind a wall that only structured clones can pass, in either direction: what it does must not
 * differ, or something else than messages is shared. A trial whose configuration cannot be copied fails.
 * @param kernel - The one that `executor` runs on.
 */
export function cloned(executor: Executor, kernel: Kernel): Executor {
  return {
    name: `cloned(${executor.name})`,
    location: executor.location,
    start(assignment, listener) {
      try {
        return executor.start(clonedAssignment(assignment), clonedListener(listener))
      } catch (error) {
        return failedAttempt(asError(error), kernel, listener)
      }
    },
    close: () => executor.close(),
  }
}

function clonedAssignment(assignment: Assignment): Assignment {
  const remedy = 'Put a name in its place and look the rest up in the trainable.'
  return structuredClone({ ...assignment, config: clonedValue(assignment.config, 'config', remedy) })
}

function clonedListener(listener: AttemptListener): AttemptListener {
  return {
    report: (report) => listener.report(structuredClone(report)),
    setUserAttr: (key, value) => listener.setUserAttr(key, structuredClone(value)),
    setConstraint: (key, value) => listener.setConstraint(key, value),
    log: (entry) => listener.log(structuredClone(entry)),
    saved: (checkpoint) => listener.saved(structuredClone(checkpoint)),
    settled: (outcome) => listener.settled(clonedOutcome(outcome)),
  }
}

function clonedOutcome(outcome: Settled): Settled {
  const { besides, ...rest } = outcome
  const crossed: Settled =
    rest.kind === 'threw' ? { kind: 'threw', error: clonedError(rest.error) } : structuredClone(rest)
  return besides === undefined ? crossed : { ...crossed, besides: clonedError(besides) }
}

function clonedError(error: Error): Error {
  return errorFromData(structuredClone(errorToData(error)))
}

/** An attempt that never began. */
function failedAttempt(error: Error, kernel: Kernel, listener: AttemptListener): Attempt {
  let outcome: Settled | undefined = { kind: 'threw', error }
  kernel.post(() => {
    if (outcome !== undefined) listener.settled(outcome)
    outcome = undefined
  })
  return {
    answer: () => {},
    save: () => {},
    leave: () => void (outcome &&= { kind: 'left' }),
    abandon: () => void (outcome = undefined),
  }
}
