import { OptionError } from '../errors.ts'
import type { Store } from './store.ts'

const refuse = (): Store => {
  throw new OptionError(
    'storage',
    'storage: a browser has neither files nor databases. Use memory:, or a store of your own.',
  )
}

/** What opens each kind of URL that needs Node: here nothing does, and each says so. */
export const SCHEMES: Readonly<Record<string, (rest: string) => Store>> = {
  sqlite: refuse,
  journal: refuse,
  postgres: refuse,
  postgresql: refuse,
  'optuna-journal': refuse,
}

/** The store of a place: here there is none, and it says so. */
export function checkpointsAt(): never {
  return keepCheckpoints()
}

/** States of a searcher are kept where there is Node, and need not be: here it says so. */
export function keepSearchStates(): never {
  return keepCheckpoints()
}

/** Checkpoints are kept where there is Node: here it says so. */
export function keepCheckpoints(): never {
  throw new OptionError(
    'directory',
    'directory: a browser has no files to keep checkpoints in. Leave it out: they stay in memory.',
  )
}
