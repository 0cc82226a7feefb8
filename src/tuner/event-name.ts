import { EVENT_NAMES, type ExperimentEventName } from '../core/events.ts'
import { nearest } from '../core/options.ts'
import { OptionError } from '../errors.ts'

/**
 * The name itself, when there is an event of it.
 * @throws {OptionError} naming the one that is meant.
 */
export function checkEventName<Name extends string>(name: Name): Name & ExperimentEventName {
  if ((EVENT_NAMES as readonly string[]).includes(name)) return name as Name & ExperimentEventName
  const near = nearest(name, EVENT_NAMES)
  const hint = near === undefined ? `Known are ${EVENT_NAMES.join(', ')}.` : `Did you mean ${near}?`
  throw new OptionError('event', `There is no event ${name}. ${hint}`, { received: name })
}
