import { toJson } from '../../core/plain-json.ts'
import type { Params, TrialSource } from '../../core/trial.ts'
import { type RandomStream, randomStream } from '../../random/random.ts'
import type { Resolved, Space } from '../../space/space.ts'
import type { Answer } from './request.ts'

/** An answer of an earlier process, as its log keeps it. */
export interface RecordedAnswer {
  readonly kind: 'point' | 'wait' | 'finished'
  /** What became of a point. */
  readonly created: (Pick<Resolved, 'config' | 'params'> & { readonly source: TrialSource }) | undefined
}

/** What a searcher answered in the past, while that is done again. */
export interface PastAnswers {
  /** Whether it has been left behind: what comes now is new. */
  readonly isPresent: boolean
  /** For this trial; a promise when other things happened before it answered, of undefined when the past ends before. */
  answer(trial: number): RecordedAnswer | undefined | Promise<RecordedAnswer | undefined>
}

/** An answer as a log would keep it. */
export function recordedAnswer(answer: Answer): RecordedAnswer {
  return answer.kind === 'trial'
    ? { kind: 'point', created: answer }
    : { kind: answer.kind, created: undefined }
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
  const { resolved, computed } = resolvedPoint(space, params, random)
  // What is computed may draw, and with `setIndex` there is more in a configuration than the space says.
  if (toJson(resolved.config) === toJson(config)) return resolved
  return { ...resolved, config, params: { ...resolved.params, ...computed } }
}

/**
 * Refuses parameters that a log keeps and the space does not hold.
 * @throws {SpaceError} naming the first.
 */
export function checkRecorded(space: Space, params: Params): void {
  resolvedPoint(space, params, randomStream('check'))
}

function resolvedPoint(
  space: Space,
  params: Params,
  random: RandomStream,
): { readonly resolved: Resolved; readonly computed: Params } {
  const computed: Record<string, unknown> = {}
  const point: Record<string, unknown> = { ...params }
  for (const { path, domain } of space.parameters) {
    if (!Object.hasOwn(point, path)) continue
    if (domain.kind === 'computed') {
      computed[path] = point[path]
      delete point[path]
    } else if ('choices' in domain) point[path] = choiceLike(domain.choices, point[path])
  }
  return { resolved: space.resolve(point, random, { strict: true }), computed }
}

function choiceLike(choices: readonly unknown[], recorded: unknown): unknown {
  const text = toJson(recorded)
  return choices.find((choice) => toJson(choice) === text) ?? recorded
}
