import { TrialStopped } from '../errors.ts'

// A chain of causes can be a circle.
const DEPTH_MAX = 8

/**
 * Whether an error only says that its trial had to leave: the `TrialStopped` that it was told, what other code made of
 * the aborted signal, or an error that one of these caused.
 */
export function isOfLeaving(error: unknown): boolean {
  let at = error
  try {
    for (let depth = 0; depth < DEPTH_MAX && at instanceof Error; depth++) {
      if (at instanceof TrialStopped || at.name === 'AbortError') return true
      at = at.cause
    }
  } catch {
    // One that cannot be read says something else.
  }
  return false
}
