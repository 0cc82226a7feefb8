import type { Params } from '../core/trial.ts'
import { pointKey, sameValue } from '../space/same-value.ts'
import type { Resolved } from '../space/space.ts'
import { outOfRange } from '../space/values.ts'

/**
 * @throws {SpaceError} when a value of a point was drawn anew, since the space function has another domain there. Names
 *   that the function does not ask for are passed over: another combination may make it ask.
 */
export function checkKept(point: Params, { params, domains }: Pick<Resolved, 'params' | 'domains'>): void {
  for (const path of Object.keys(point)) {
    const domain = domains[path]
    if (domain !== undefined && !sameValue(params[path], point[path]))
      throw outOfRange(path, domain, point[path])
  }
}

/** The exact points of a define-by-run space, where several may come to the same. */
export class ExactPoints {
  readonly #keys: Set<string>

  constructor(saved: unknown) {
    this.#keys = new Set(saved as readonly string[] | undefined)
  }

  /** Takes what a point came to; false when an earlier one came to the same. */
  add(params: Params): boolean {
    const { size } = this.#keys
    return this.#keys.add(pointKey(params)).size > size
  }

  save(): unknown {
    return [...this.#keys]
  }
}
