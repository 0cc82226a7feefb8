/**
 * LCBench through the surrogate of YAHPO Gym: the validation accuracy of a network after each of 52 epochs, by its seven
 * hyperparameters, on 35 data sets. It needs onnxruntime, which is installed for this alone:
 * `npm install --prefix test/bench/quality/surrogate`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Params } from '../../../src/core/trial.ts'
import { lograndint, randint } from '../../../src/space/integers.ts'
import { loguniform, uniform } from '../../../src/space/numbers.ts'
import type { NumericDomain } from '../../../src/space/axis.ts'

const FOLDER = new URL('../../fixtures/bench/lcbench/', import.meta.url)

/** Epochs of a full trial. */
export const EPOCHS = 52

/** What is reported after each epoch, in percent. */
export const ACCURACY = 'val_accuracy'

/** What to do when there is no surrogate. */
export const MISSING =
  'onnxruntime or the LCBench model is missing. npm install --prefix test/bench/quality/surrogate'

/** The surrogate of LCBench. */
export interface Surrogate {
  /** The hyperparameters that are searched. */
  readonly space: Readonly<Record<string, NumericDomain>>
  /** Ids of the data sets. */
  readonly instances: readonly string[]
  /** Validation accuracy in percent after each of `epochs`, computed in one go. */
  accuracies(instance: string, params: Params, epochs: readonly number[]): Promise<number[]>
}

interface SpecParameter {
  readonly name: string
  readonly type: 'float' | 'int'
  readonly low: number
  readonly high: number
  readonly log: boolean
  readonly fidelity?: boolean
}

interface Spec {
  readonly instances: readonly string[]
  readonly parameters: readonly SpecParameter[]
  readonly x_cat: readonly { readonly ids: Readonly<Record<string, number>> }[]
  readonly x_cont: readonly string[]
  readonly outputs: readonly { readonly name: string }[]
}

/** What is used of onnxruntime-node. */
interface Runtime {
  readonly InferenceSession: {
    create(
      path: string,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>
    }>
  }
  readonly Tensor: new (type: string, data: ArrayLike<number>, shape: readonly number[]) => object
}

/** Loads the surrogate; undefined when onnxruntime or the model is missing. */
export async function loadSurrogate(): Promise<Surrogate | undefined> {
  const runtime = loadRuntime()
  const model = fileURLToPath(new URL('model.onnx', FOLDER))
  if (runtime === undefined || !existsSync(model)) return undefined
  const spec = JSON.parse(readFileSync(new URL('spec.json', FOLDER), 'utf8')) as Spec
  const session = await runtime.InferenceSession.create(model, { intraOpNumThreads: 1 })
  const width = spec.outputs.length
  const column = spec.outputs.findIndex(({ name }) => name === ACCURACY)
  return {
    space: spaceOf(spec),
    instances: spec.instances,
    async accuracies(instance, params, epochs) {
      const id = spec.x_cat[0]?.ids[instance] as number
      const rows = epochs.flatMap((epoch) =>
        spec.x_cont.map((name) => (name === 'epoch' ? epoch : (params[name] as number))),
      )
      const { output } = await session.run({
        x_cat: new runtime.Tensor('int32', new Int32Array(epochs.length).fill(id), [epochs.length, 1]),
        x_cont: new runtime.Tensor('float32', Float32Array.from(rows), [epochs.length, spec.x_cont.length]),
      })
      return epochs.map((_, i) => output?.data[i * width + column] as number)
    },
  }
}

function loadRuntime(): Runtime | undefined {
  const require = createRequire(new URL('surrogate/package.json', import.meta.url))
  try {
    return require('onnxruntime-node') as Runtime
  } catch {
    return undefined
  }
}

function spaceOf({ parameters }: Spec): Surrogate['space'] {
  const searched = parameters.filter(({ fidelity }) => fidelity !== true)
  return Object.fromEntries(
    searched.map(({ name, type, low, high, log }) => {
      if (type === 'int') return [name, log ? lograndint(low, high + 1) : randint(low, high + 1)]
      return [name, log ? loguniform(low, high) : uniform(low, high)]
    }),
  )
}
