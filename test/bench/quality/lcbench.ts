/**
 * LCBench through the surrogate of YAHPO Gym: the validation accuracy of a network after 52 epochs, by its seven
 * hyperparameters, on two data sets. It needs onnxruntime, which only this benchmark uses:
 * `npm install --prefix test/bench/quality/surrogate`.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { lograndint, randint } from '../../../src/space/integers.ts'
import { loguniform, uniform } from '../../../src/space/numbers.ts'
import { excess, type Outcome, type Problem } from './problem.ts'

const FOLDER = new URL('../../fixtures/bench/lcbench/', import.meta.url)

interface SpecParameter {
  readonly name: string
  readonly type: 'float' | 'int'
  readonly low: number
  readonly high: number
  readonly log: boolean
  readonly fidelity?: boolean
}

interface Spec {
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

const EPOCHS = 52

/**
 * One problem for each of `instances`, whose best known accuracy in percent is given.
 * @returns Undefined when onnxruntime is not installed.
 */
export async function lcbenchProblems(
  instances: Readonly<Record<string, number>>,
): Promise<Problem[] | undefined> {
  const runtime = loadRuntime()
  if (runtime === undefined) return undefined
  const spec = JSON.parse(readFileSync(new URL('spec.json', FOLDER), 'utf8')) as Spec
  const model = await runtime.InferenceSession.create(fileURLToPath(new URL('model.onnx', FOLDER)), {
    intraOpNumThreads: 1,
  })
  const { Tensor } = runtime
  const accuracyAt = spec.outputs.findIndex(({ name }) => name === 'val_accuracy')

  async function accuracy(instance: string, params: Readonly<Record<string, unknown>>): Promise<number> {
    const row = spec.x_cont.map((name) => (name === 'epoch' ? EPOCHS : (params[name] as number)))
    const id = spec.x_cat[0]?.ids[instance] as number
    const { output } = await model.run({
      x_cat: new Tensor('int32', Int32Array.of(id), [1, 1]),
      x_cont: new Tensor('float32', Float32Array.from(row), [1, row.length]),
    })
    return output?.data[accuracyAt] as number
  }

  return Object.entries(instances).map(([instance, best]) => ({
    name: `lcbench-${instance}`,
    space: spaceOf(spec),
    objectives: [{ metric: 'val_accuracy', mode: 'max' }],
    constraintCount: 0,
    evaluate: async (params) => ({ values: [await accuracy(instance, params)], constraints: [] }),
    scoreOf: (outcomes: readonly Outcome[]) => Math.max(...outcomes.map(({ values }) => values[0] as number)),
    regretOf: (score: number) => excess(-score, -best),
  }))
}

function loadRuntime(): Runtime | undefined {
  const require = createRequire(new URL('surrogate/package.json', import.meta.url))
  try {
    return require('onnxruntime-node') as Runtime
  } catch {
    return undefined
  }
}

function spaceOf({ parameters }: Spec): object {
  const searched = parameters.filter(({ fidelity }) => fidelity !== true)
  return Object.fromEntries(
    searched.map(({ name, type, low, high, log }) => {
      if (type === 'int') return [name, log ? lograndint(low, high + 1) : randint(low, high + 1)]
      return [name, log ? loguniform(low, high) : uniform(low, high)]
    }),
  ) as object
}
