import type { Store } from './store.ts'

/** What opens each kind of URL that needs Node; `rest` is what follows the scheme and its colon. */
export const SCHEMES: Readonly<Record<string, (rest: string) => Store>> = {}
