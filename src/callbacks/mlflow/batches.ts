import { isPlainObject, type Metrics } from '../../core/metrics.ts'
import { leavesOf } from '../../results/paths.ts'
import { pythonJson } from '../folder/python-json.ts'

/** A number of one report. JSON has no word for NaN and ±Infinity: MLflow takes their names. */
export interface MlflowMetric {
  readonly key: string
  readonly value: number | 'NaN' | 'Infinity' | '-Infinity'
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly step: number
}

/** A parameter, or a tag. */
export interface MlflowPair {
  readonly key: string
  readonly value: string
}

/** What one request of `runs/log-batch` may hold. */
export interface MlflowBatch {
  readonly metrics: readonly MlflowMetric[]
  readonly params: readonly MlflowPair[]
  readonly tags: readonly MlflowPair[]
}

// The limits of MLflow's log-batch; 1,000 is also the most of all three together.
const METRICS_MAX = 1000
const PARAMS_MAX = 100
const TAGS_MAX = 100

// Servers before 2.8 take no longer ones.
const PARAM_LENGTH_MAX = 500
const TAG_LENGTH_MAX = 5000
const KEY_LENGTH_MAX = 250

/** In order, as few requests as MLflow's limits allow. */
export function batchesOf({ metrics, params, tags }: MlflowBatch): MlflowBatch[] {
  const batches: MlflowBatch[] = []
  for (let m = 0, p = 0, t = 0; m < metrics.length || p < params.length || t < tags.length;) {
    const [someParams, someTags] = [params.slice(p, p + PARAMS_MAX), tags.slice(t, t + TAGS_MAX)]
    const room = METRICS_MAX - someParams.length - someTags.length
    const someMetrics = metrics.slice(m, m + room)
    batches.push({ metrics: someMetrics, params: someParams, tags: someTags })
    m += someMetrics.length
    p += someParams.length
    t += someTags.length
  }
  return batches
}

/** The numbers of a report, nested ones under names such as `val/loss`. */
export function metricsOf(report: Metrics, timestamp: number): MlflowMetric[] {
  const step = Number(report['training_iteration'])
  const metrics: MlflowMetric[] = []
  const add = (value: unknown, path: string): void => {
    if (isPlainObject(value)) for (const key of Object.keys(value)) add(value[key], `${path}/${key}`)
    else if (typeof value === 'number')
      metrics.push({ key: keyOf(path), value: numberOf(value), timestamp, step })
  }
  for (const key of Object.keys(report)) if (key !== 'training_iteration') add(report[key], key)
  return metrics
}

function numberOf(value: number): MlflowMetric['value'] {
  if (Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? 'Infinity' : '-Infinity'
}

/** A configuration as parameters: by path, constants included. */
export function paramsOf(config: unknown): MlflowPair[] {
  const byKey = new Map<string, string>()
  for (const [path, leaf] of leavesOf(config)) byKey.set(keyOf(path), textOf(leaf).slice(0, PARAM_LENGTH_MAX))
  return Array.from(byKey, ([key, value]) => ({ key, value }))
}

/** A tag. */
export function tagOf(key: string, value: unknown): MlflowPair {
  return { key: keyOf(key), value: textOf(value).slice(0, TAG_LENGTH_MAX) }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'function') return value.name
  return pythonJson(value)
}

/** A name that MLflow takes, which makes paths of them. */
export function keyOf(name: string): string {
  return name
    .slice(0, KEY_LENGTH_MAX)
    .replace(/[^\w.\- /]/g, '_')
    .split('/')
    .map((part) => (part === '' || part === '.' || part === '..' ? '_' : part))
    .join('/')
}
