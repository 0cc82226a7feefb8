import { isThenable } from '../core/thenable.ts'
import { asError } from '../errors.ts'

/**
 * Calls what a user gave to watch with. What it throws, or rejects with later, goes to `onThrown` and nowhere else:
 * watching must not change what is watched.
 */
export function harmless(call: () => unknown, onThrown: (error: Error) => void): void {
  try {
    const returned = call()
    if (!isThenable(returned)) return
    void Promise.resolve(returned).catch((error: unknown) => onThrown(asError(error)))
  } catch (error) {
    onThrown(asError(error))
  }
}
