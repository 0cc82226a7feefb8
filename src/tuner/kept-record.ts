import type { LogRecord } from '../core/log.ts'
import { domainsOf } from '../space/domains-of.ts'
import type { Domain } from '../space/space.ts'
import { storedSpace } from '../study/stored-space.ts'
import type { Composition } from './compose.ts'

/**
 * A record with what a store keeps of it besides: what others need to understand it, who have the store alone. Traces do
 * without, since they stay with the code.
 */
export function keptRecord(record: LogRecord, { settings, definition }: Composition): LogRecord {
  switch (record.type) {
    case 'experiment.started': {
      const space = storedSpace(definition)
      const { trainableName: trainable } = settings.plan
      return {
        ...record,
        trainable,
        startedAt: Date.now() - record.at,
        ...(space === undefined ? {} : { space }),
      }
    }
    case 'experiment.resumed':
      return { ...record, resumedAt: Date.now() }
    case 'trial.created':
      return { ...record, domains: plainDomains(domainsOf(record.params, settings.space)) }
    default:
      return record
  }
}

// What is computed has a function in it, which no store can keep.
function plainDomains(domains: Readonly<Record<string, Domain>>): Record<string, Domain> {
  return Object.fromEntries(Object.entries(domains).filter(([, { kind }]) => kind !== 'computed'))
}
