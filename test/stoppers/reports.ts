import type { StopDemand, Stopper } from '../../src/stoppers/stopper.ts'

/** What a stopper demands at each of a trial's reports of a metric called `loss`, one each 10 ms. */
export function demandsOf<State>(
  stopper: Stopper<State>,
  values: readonly unknown[],
  trialOf: (index: number) => number = () => 0,
): (StopDemand | undefined)[] {
  const state = stopper.init()
  return values.map((loss, i) =>
    stopper.onReport(state, {
      trial: trialOf(i),
      metrics: loss === undefined ? {} : { loss },
      elapsedMs: 10 * (i + 1),
    }),
  )
}

/** The number of the report, from 1, at which it first demanded something. */
export function firstDemand(demands: readonly unknown[]): number | undefined {
  const index = demands.findIndex((demand) => demand !== undefined)
  return index === -1 ? undefined : index + 1
}
