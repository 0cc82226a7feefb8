import {
  asha,
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

interface Decider {
  readonly name: string
  readonly make: () => Scheduler
  /** Its decisions may well cost more with more trials. */
  readonly isExcepted?: boolean
}

const maxT = 27

/** The schedulers whose decisions are timed, in the forms in which they are used. */
export const DECIDERS: readonly Decider[] = [
  { name: 'asha', make: () => asha({ maxT }) },
  { name: 'asha by promotion', make: () => asha({ maxT, type: 'promotion' }) },
  { name: 'hyperband', make: () => hyperband({ maxT }) },
  { name: 'hyperbandForBohb', make: () => hyperbandForBohb({ maxT }) },
  { name: 'medianStopping', make: () => medianStopping({ gracePeriod: 3 }) },
  {
    name: 'pbt',
    make: () => pbt({ perturbationInterval: 5, hyperparamMutations: { lr: uniform(0.001, 1) } }),
  },
  { name: 'resourceChanging(asha)', make: () => resourceChanging({ wrapped: asha({ maxT }) }) },
  { name: 'medianPruner', make: () => medianPruner() },
  { name: 'percentilePruner', make: () => percentilePruner({ percentile: 25 }) },
  { name: 'successiveHalvingPruner', make: () => successiveHalvingPruner() },
  { name: 'hyperbandPruner', make: () => hyperbandPruner({ maxResource: maxT }) },
  { name: 'thresholdPruner', make: () => thresholdPruner({ upper: 1.9 }) },
  {
    name: 'patientPruner(medianPruner)',
    make: () => patientPruner({ wrapped: medianPruner(), patience: 2 }),
  },
  { name: 'moAsha', make: () => moAsha({ maxT }), isExcepted: true },
  {
    name: 'pb2',
    make: () => pb2({ perturbationInterval: 9, hyperparamBounds: { lr: [0.001, 1] } }),
    isExcepted: true,
  },
  { name: 'wilcoxonPruner', make: () => wilcoxonPruner(), isExcepted: true },
]
