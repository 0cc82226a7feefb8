import { isPlainObject } from '../../core/metrics.ts'
import { nearest } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { valueAt } from './explore.ts'

/** Where a hyperparameter stands in the configuration, key by key. */
export type Keys = readonly string[]

/** Those of some hyperparameters that a configuration lacks. */
export function lackingIn(config: unknown, hyperparameters: readonly Keys[]): readonly Keys[] {
  return hyperparameters.filter((keys) => valueAt(config, keys) === undefined)
}

/**
 * Refuses hyperparameters that no trial of a population has: they would be changed, and nobody would read them.
 * @param option - Which names them, for the message.
 * @param config - The configuration of one of the trials.
 * @throws {OptionError} for the first one, naming the key that was meant, where one is near.
 */
export function refuseUnread(option: string, unread: readonly Keys[], config: unknown): void {
  const [keys] = unread
  if (keys === undefined) return
  // The first key that is not there; those below it are not its fault.
  const depth = keys.findIndex((_, i) => valueAt(config, keys.slice(0, i + 1)) === undefined)
  const beside = valueAt(config, keys.slice(0, depth))
  const known = isPlainObject(beside) ? Object.keys(beside) : []
  const near = nearest(keys[depth] as string, known)
  const there = known.length === 0 ? '' : ` There ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}.`
  const hint =
    near === undefined
      ? `${there} Name what paramSpace has, or put it there: what is changed must be there from the start.`
      : ` Did you mean ${[...keys.slice(0, depth), near].join('/')}?`
  throw new OptionError(option, `${option}/${keys.join('/')} is in no trial's configuration.${hint}`, {
    received: keys.join('/'),
  })
}
