import type { Objective } from '../../core/objective.ts'
import type { EndState, Params } from '../../core/trial.ts'
import type { Domain } from '../../space/domain.ts'
import type { Parameter } from '../../space/space.ts'
import { pythonJson } from '../folder/python-json.ts'
import {
  bytesField,
  doubleField,
  type Field,
  message,
  messageField,
  textField,
  varintField,
} from './protobuf.ts'

// Field numbers are those of tensorboard/plugins/hparams/{plugin_data,api}.proto, and of google.protobuf's struct.proto.

/** Tags that the plugin looks for. */
export const EXPERIMENT_TAG = '_hparams_/experiment'
export const START_TAG = '_hparams_/session_start_info'
export const END_TAG = '_hparams_/session_end_info'

type Primitive = number | string | boolean

/** The parameters that there are, and the metrics to compare by: once an experiment, in its own folder. */
export function experimentSummary(
  name: string,
  parameters: readonly Parameter[],
  objectives: readonly Objective[],
  createdMs: number,
): readonly Field[] {
  const byPath = new Map<string, Domain[]>()
  for (const { path, domain } of parameters) byPath.set(path, [...(byPath.get(path) ?? []), domain])
  return summaryValue(EXPERIMENT_TAG, 2, [
    textField(6, name),
    doubleField(3, createdMs / 1000),
    ...Array.from(byPath, ([path, domains]) => messageField(4, parameterInfo(path, domains))),
    ...objectives.map(({ metric }) => messageField(5, [messageField(1, [textField(2, metric)])])),
  ])
}

/** The parameters of one trial, in its folder. */
export function startSummary(trialName: string, params: Params, startedMs: number): readonly Field[] {
  return summaryValue(START_TAG, 3, [
    ...Object.entries(params).map(([path, value]) =>
      messageField(1, [textField(1, path), bytesField(2, message([valueOf(primitive(value))]))]),
    ),
    textField(4, trialName),
    doubleField(5, startedMs / 1000),
  ])
}

/** How the trial ended. */
export function endSummary(state: EndState, endedMs: number): readonly Field[] {
  const [success, failure] = [1, 2]
  return summaryValue(END_TAG, 4, [
    varintField(1, state === 'failed' ? failure : success),
    doubleField(2, endedMs / 1000),
  ])
}

/** One value of a summary: all that it says is in the plugin's metadata, and the tensor is empty. */
function summaryValue(tag: string, kind: 2 | 3 | 4, content: readonly Field[]): readonly Field[] {
  const pluginData = [textField(1, 'hparams'), bytesField(2, message([messageField(kind, content)]))]
  const [float, noElements] = [1, messageField(2, [messageField(2, [])])]
  return [
    textField(1, tag),
    messageField(8, [varintField(1, float), noElements]),
    messageField(9, [messageField(1, pluginData)]),
  ]
}

const [STRING, BOOL, FLOAT64] = [1, 2, 3]

/** In different cases of a branch, one path may have several domains. */
function parameterInfo(path: string, domains: readonly Domain[]): readonly Field[] {
  const choices = domains.map(choicesOf)
  const known = choices.every((some) => some !== undefined) ? [...new Set(choices.flat())] : undefined
  const types = new Set(domains.flatMap(typesOf))
  const info = [textField(1, path)]
  // Without a type TensorBoard shows the values and offers no filter, which is right for what is of several types.
  if (types.size === 1) info.push(varintField(4, [...types][0] as number))
  const interval = domains.length === 1 ? intervalOf(domains[0] as Domain) : undefined
  if (known !== undefined)
    info.push(
      messageField(
        5,
        known.map((value) => messageField(1, [valueOf(value)])),
      ),
    )
  else if (interval !== undefined) {
    info.push(messageField(6, [doubleField(1, interval[0]), doubleField(2, interval[1])]))
  }
  return info
}

function choicesOf(domain: Domain): readonly Primitive[] | undefined {
  return domain.kind === 'categorical' || domain.kind === 'grid' ? domain.choices.map(primitive) : undefined
}

function typesOf(domain: Domain): number[] {
  // What it computes is known only when it has.
  if (domain.kind === 'computed') return [STRING, FLOAT64]
  const choices = choicesOf(domain)
  if (choices === undefined) return [FLOAT64]
  return choices.map((value) =>
    typeof value === 'number' ? FLOAT64 : typeof value === 'boolean' ? BOOL : STRING,
  )
}

function intervalOf(domain: Domain): readonly [number, number] | undefined {
  return domain.kind === 'float' || domain.kind === 'int' ? [domain.low, domain.high] : undefined
}

/** The plugin knows numbers, texts and truth values; anything else is its text. */
function primitive(value: unknown): Primitive {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'function') return value.name === '' ? 'function' : value.name
  return pythonJson(value)
}

function valueOf(value: Primitive): Field {
  if (typeof value === 'number') return doubleField(2, value)
  return typeof value === 'string' ? textField(3, value) : varintField(4, value ? 1 : 0)
}
