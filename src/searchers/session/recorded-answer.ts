import { toJson } from '../../core/plain-json.ts'
import type { TrialSource } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Resolved, Space } from '../../space/space.ts'

/** An answer of an earlier process, as its log keeps it. */
export interface RecordedAnswer {
  readonly kind: 'point' | 'wait' | 'finished'
  /** What became of a point. */
  readonly created: (Pick<Resolved, 'config' | 'params'> & { readonly source: TrialSource }) | undefined
}

/**
 * The configuration that a log keeps, in the space that it was made in. What a log has only a name for, such as a function
 * among choices, is the space's own again; what was computed is as it was.
 */
export function resolvedAgain(
  space: Space,
  { params, config }: Pick<Resolved, 'config' | 'params'>,
  random: RandomStream,
): Resolved {
  const computed: Record<string, unknown> = {}
  const point: Record<string, unknown> = { ...params }
  for (const { path, domain } of space.parameters) {
    if (!Object.hasOwn(point, path)) continue
    if (domain.kind === 'computed') {
      computed[path] = point[path]
      delete point[path]
    } else if ('choices' in domain) point[path] = choiceLike(domain.choices, point[path])
  }
  const resolved = space.resolve(point, random, { strict: true })
  // What is computed may draw, and with `setIndex` there is more in a configuration than the space says.
  if (toJson(resolved.config) === toJson(config)) return resolved
  return { ...resolved, config, params: { ...resolved.params, ...computed } }
}

function choiceLike(choices: readonly unknown[], recorded: unknown): unknown {
  const text = toJson(recorded)
  return choices.find((choice) => toJson(choice) === text) ?? recorded
}
