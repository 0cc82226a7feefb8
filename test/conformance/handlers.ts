import type { FixtureCase } from './fixture.ts'
import type { Tolerance } from './matching.ts'
import { runRayAshaCase } from './ray-asha.ts'
import { runRayDomainsCase } from './ray-domains.ts'
import { runSpaceTransformCase } from './space-transform.ts'

/**
 * Knows one format of fixtures. To add one: write `run`, calling only what the shipped searchers and schedulers
 * themselves call, and add a line to `HANDLERS`.
 */
export interface Handler {
  /** Found in the `source` of the files of this format, whatever the files are called. */
  readonly source: RegExp
  /** Says in what the case differs, or nothing when it passes. What it throws counts as a difference. */
  run(testCase: FixtureCase, tolerance: Tolerance): string | undefined
}

export const HANDLERS: readonly Handler[] = [
  { source: /^ray .*AsyncHyperBandScheduler/, run: runRayAshaCase },
  { source: /^ray .*tune\.search\.sample/, run: runRayDomainsCase },
  { source: /^optuna .*_SearchSpaceTransform/, run: runSpaceTransformCase },
]
