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
  postgresql: refuse,
  'optuna-journal': refuse,
}

/** Checkpoints are kept where there is Node: here it says so. */
export function keepCheckpoints(): never {
  throw new OptionError(
    'directory',
    'directory: a browser has no files to keep checkpoints in. Leave it out: they stay in memory.',
  )
}
