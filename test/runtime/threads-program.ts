// A searcher that thinks in a thread of its own: run as a program, since a test runner loads modules in its own way.
import { choice, createStudy, partialFixed, tpe, Tuner, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

const paramSpace = { x: uniform(0, 1), y: uniform(0, 1), kind: choice(['a', 'b']) }
const options = { paramSpace, metric: 'loss', mode: 'min', numSamples: 30, seed: 3 } as const
const trainable = ({ x, y, kind }: { x: number; y: number; kind: string }) => ({
  loss: (x - 0.3) ** 2 + y + (kind === 'a' ? 1 : 0),
})

const here = await simulate({ trainable, ...options, searcher: tpe() })
const there = await simulate({ trainable, ...options, searcher: tpe({ thread: true }) })
const configs = (run: typeof here): string => JSON.stringify([...run.results].map(({ config }) => config))

let ticks = 0
const timer = setInterval(() => ticks++, 1)
const real = await new Tuner(trainable, {
  ...options,
  maxConcurrentTrials: 1,
  searcher: partialFixed({ fixed: { kind: 'b' }, searcher: tpe({ thread: true }) }),
}).fit()
clearInterval(timer)

const study = await createStudy({
  paramSpace,
  direction: 'minimize',
  searcher: tpe({ thread: true }),
  seed: 3,
})
await study.optimize(({ config }) => config.x, { nTrials: 15 })
await study.close()

let refusal = 'none'
try {
  new Tuner(() => ({ loss: 1 }), {
    paramSpace: { f: choice([() => 1, () => 2]) },
    metric: 'loss',
    mode: 'min',
    searcher: tpe({ thread: true }),
  })
} catch (error) {
  refusal = String(error)
}

console.log(
  JSON.stringify({
    same: configs(here) === configs(there),
    sameHash: here.hash === there.hash,
    fixed: [...real].every(({ config }) => config.kind === 'b'),
    completed: [...real].filter(({ state }) => state === 'completed').length,
    study: study.trials.length,
    refusal,
    ticked: ticks > 0,
  }),
)
