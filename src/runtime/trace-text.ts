import { formatNumber } from '../core/format-number.ts'
import type { LogRecord } from '../core/log.ts'

type RecordOf<Type extends LogRecord['type']> = Extract<LogRecord, { type: Type }>

/** What a record says: who it is about, what happened, and the particulars. */
type Line = readonly [about: string, what: string, particulars: string]

// More of a configuration, of metrics or of evidence than fits beside the rest of a line.
const ITEMS_MAX = 6
const ITEM_LENGTH_MAX = 40

/** A line for each record, in columns: milliseconds, trial, what happened, particulars. */
export function traceToText(records: Iterable<LogRecord>): string {
  const rows = Array.from(records, (record) => [`${formatNumber(record.at)} ms`, ...lineOf(record)] as const)
  const width = (column: 0 | 1 | 2): number =>
    rows.reduce((most, row) => Math.max(most, row[column].length), 0)
  const [time, about, what] = [width(0), width(1), width(2)]
  return rows
    .map((row) =>
      `${row[0].padStart(time)}  ${row[1].padEnd(about)}  ${row[2].padEnd(what)}  ${row[3]}`.trimEnd(),
    )
    .join('\n')
}

/** One record as a line, without the columns. */
export function recordInWords(record: LogRecord): string {
  return [`${formatNumber(record.at)} ms`, ...lineOf(record)].filter((part) => part !== '').join('  ')
}

function lineOf(record: LogRecord): Line {
  const about = 'trial' in record ? `trial ${record.trial}` : ''
  const [what, particulars] = told(record)
  return [about, what, particulars]
}

function told(record: LogRecord): readonly [string, string] {
  switch (record.type) {
    case 'experiment.started':
      return ['starts', started(record)]
    case 'experiment.ended':
      return ['ends', `by ${record.by}`]
    case 'searcher.asked':
      return [record.answer === 'point' ? 'is proposed' : `searcher: ${record.answer}`, '']
    case 'trial.created':
      return ['is created', created(record)]
    case 'trial.transition':
      return [record.to, `from ${record.from}, by ${record.cause}${attemptOf(record)}`]
    case 'trial.report':
      return [`report ${record.seq}`, `${listed(record.metrics)}${record.last === true ? ', its last' : ''}`]
    case 'trial.rewound':
      return ['does otherwise', `from iteration ${record.iteration} on`]
    case 'trial.saved':
      return ['saves', `its checkpoint at iteration ${record.iteration}`]
    case 'trial.decision':
      return [`: ${record.decision}`, because(record)]
    case 'trial.exploited':
      return ['exploits', `trial ${record.donor}, now with ${listed(record.config)}`]
    case 'trial.reallocated':
      return ['is to have', listed(record.resources)]
    case 'trial.ended':
      return [`is ${record.state}`, ended(record)]
    case 'trial.attr':
      return ['notes', `${record.key}: ${short(record.value)}`]
    case 'trial.constraint':
      return ['constraint', `${record.key}: ${short(record.value)}`]
    case 'policy.restarted':
      return [`${record.policy} restarts`, record.error]
    default: {
      // Those of a study, which have no columns of their own.
      const { at: _at, type, ...rest } = record
      return [type, listed(rest)]
    }
  }
}

function created({ source, config, begins }: RecordOf<'trial.created'>): string {
  const origin = source === 'suggested' ? '' : `${source} `
  const from = begins === undefined ? '' : `, from iteration ${begins.iteration} of trial ${begins.trial}`
  return `${origin}${listed(config)}${from}`
}

function started({ name, seed, objectives, searcher, scheduler }: RecordOf<'experiment.started'>): string {
  const aims = objectives.map(({ metric, mode }) => `${mode} ${metric}`).join(', ')
  return `${name}, seed ${seed}: ${searcher}, ${scheduler}${aims === '' ? '' : `, ${aims}`}`
}

function ended({ values, reason, error }: RecordOf<'trial.ended'>): string {
  const parts = [
    values === undefined ? 'without a value' : `with ${values.map(short).join(', ')}`,
    ...(reason === undefined ? [] : [`${reason.by}: ${reason.text}`]),
    ...(error === undefined ? [] : [`error: ${error}`]),
  ]
  return parts.join('; ')
}

function because({ reason, evidence }: RecordOf<'trial.decision'>): string {
  const facts = evidence === undefined ? '' : `(${listed(evidence)})`
  return [reason, facts].filter((part) => part !== undefined && part !== '').join(' ')
}

function attemptOf({ attempt }: RecordOf<'trial.transition'>): string {
  return attempt > 1 ? `, attempt ${attempt}` : ''
}

/** The fields of an object, as many as fit. */
function listed(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return short(value)
  const items = Object.entries(value)
  const shown = items.slice(0, ITEMS_MAX).map(([key, item]) => `${key} ${short(item)}`)
  return [...shown, ...(items.length > ITEMS_MAX ? ['…'] : [])].join(', ')
}

function short(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string')
    return value.length > ITEM_LENGTH_MAX ? `${value.slice(0, ITEM_LENGTH_MAX)}…` : value
  if (typeof value === 'function') return value.name
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value))
    return `[${value.slice(0, ITEMS_MAX).map(short).join(', ')}${value.length > ITEMS_MAX ? ', …' : ''}]`
  return `{ ${Object.keys(value).slice(0, ITEMS_MAX).join(', ')} }`
}
