// Every shipped scheduler under every order of messages, and against the laws.
import { describe, expect, it } from 'vitest'
import {
  asha,
  fifo,
  hyperband,
  hyperbandForBohb,
  hyperbandPruner,
  medianPruner,
  medianStopping,
  moAsha,
  patientPruner,
  pb2,
  pbt,
  percentilePruner,
  resourceChanging,
  type Scheduler,
  successiveHalvingPruner,
  thresholdPruner,
  uniform,
  wilcoxonPruner,
} from 'troupe'
import { checkScheduler, exploreInterleavings } from 'troupe/testing'

// So that they decide something with three trials of three reports.
const halving = { maxT: 3, reductionFactor: 2 }
const eager = { gracePeriod: 1, minSamplesRequired: 1 }
const everyTwo = { perturbationInterval: 2, quantileFraction: 0.5 }
const mutations = { hyperparamMutations: { x: uniform(0, 1) } }

const SHIPPED: Readonly<Record<string, () => Scheduler>> = {
  fifo: () => fifo(),
  'asha, stopping': () => asha(halving),
  'asha, promotion': () => asha({ ...halving, type: 'promotion' }),
  hyperband: () => hyperband(halving),
  hyperbandForBohb: () => hyperbandForBohb(halving),
  'medianStopping, stopping': () => medianStopping(eager),
  'medianStopping, pausing': () => medianStopping({ ...eager, hardStop: false, minTimeSlice: 1 }),
  moAsha: () => moAsha(halving),
  pbt: () => pbt({ ...everyTwo, ...mutations }),
  'pbt, synchronous': () => pbt({ ...everyTwo, ...mutations, synch: true }),
  pb2: () => pb2({ ...everyTwo, hyperparamBounds: { x: [0, 1] } }),
  'resourceChanging(asha)': () => resourceChanging({ wrapped: asha(halving) }),
  medianPruner: () => medianPruner({ nStartupTrials: 1 }),
  percentilePruner: () => percentilePruner({ percentile: 25, nStartupTrials: 1 }),
  successiveHalvingPruner: () => successiveHalvingPruner({ minResource: 1, reductionFactor: 2 }),
  hyperbandPruner: () => hyperbandPruner({ minResource: 1, maxResource: 3, reductionFactor: 2 }),
  thresholdPruner: () => thresholdPruner({ upper: 5 }),
  patientPruner: () => patientPruner({ wrapped: medianPruner({ nStartupTrials: 1 }), patience: 1 }),
  wilcoxonPruner: () => wilcoxonPruner({ pThreshold: 0.9, nStartupSteps: 0 }),
}

describe.each(Object.entries(SHIPPED))('%s', (_name, scheduler) => {
  it('holds in every order of the messages of three trials', async () => {
    await expect(
      exploreInterleavings({ scheduler, trials: 3, reports: 3, faults: 0 }),
    ).resolves.toMatchObject({ isComplete: true })
  }, 60_000)

  // Three trials with a failure hold as well, and take minutes for all.
  it('holds when one of two trials fails, hangs or is stopped, at any time', async () => {
    await expect(
      exploreInterleavings({ scheduler, trials: 2, reports: 3, faults: 1 }),
    ).resolves.toMatchObject({ isComplete: true })
  }, 60_000)

  it('passes the check that users have', async () => {
    await expect(checkScheduler(scheduler, { runs: 20 })).resolves.toBeUndefined()
  }, 60_000)
})
