import { SCHEMES } from '#stores'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { memoryStore } from './memory.ts'
import { shownUrl } from './shown-url.ts'
import type { Store } from './store.ts'

/** How a storage is given: a store, or the URL of one. */
export type Storage = Store | string

const ALL_SCHEMES: typeof SCHEMES = { memory: () => memoryStore(), ...SCHEMES }

/**
 * The store that a user means.
 * @param storage - A store, which is returned as it is, or a URL: `memory:` is a fresh store in memory.
 * @throws {OptionError} for a URL of another kind, naming those that there are, and for what is neither.
 */
export function openStore(storage: Storage): Store {
  if (typeof storage === 'string') return openUrl(storage)
  if (typeof storage?.open === 'function' && typeof storage.names === 'function') return storage
  throw new OptionError(
    'storage',
    `storage must be a store such as memoryStore(), or a URL such as 'memory:', got ${describe(storage)}.`,
    { received: storage },
  )
}

function openUrl(url: string): Store {
  const colon = url.indexOf(':')
  const scheme = url.slice(0, Math.max(0, colon))
  const open = Object.hasOwn(ALL_SCHEMES, scheme) ? ALL_SCHEMES[scheme] : undefined
  if (open !== undefined) return open(url.slice(colon + 1))
  const known = Object.keys(ALL_SCHEMES).map((word) => `${word}:`)
  const shown = shownUrl(url)
  throw new OptionError(
    'storage',
    `storage: there is none for ${describe(shown)}. ${withoutDriver(shown) ?? `URLs begin with ${known.join(', ')}.`}`,
    { received: shown },
  )
}

/** Optuna's URLs may name the driver that Python is to use. */
function withoutDriver(url: string): string | undefined {
  const [, scheme = '', rest] = /^([a-z-]+)\+\w+(:.*)$/s.exec(url) ?? []
  return Object.hasOwn(ALL_SCHEMES, scheme)
    ? `Leave out the driver, which is one of Python: ${scheme}${rest}`
    : undefined
}
