import type { ExperimentPlan, ExperimentPorts } from '../plan.ts'
import type { Announcer } from './announcer.ts'
import type { Ending } from './ending.ts'
import type { Ledger } from './ledger.ts'
import type { Quota } from './quota.ts'

/** What all parts of the controller work with. */
export interface Desk {
  readonly plan: ExperimentPlan
  readonly ports: ExperimentPorts
  readonly ledger: Ledger
  readonly quota: Quota
  readonly announcer: Announcer
  readonly ending: Ending
}
