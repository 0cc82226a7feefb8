// A searcher of one's own, in one file: hill climbing by evolution, and how it does against random search.
//
//   npm run example examples/write-a-searcher.ts
//
// Whatever implements `Searcher` works everywhere: in a Tuner, in `simulate`, within `concurrencyLimiter`, with
// `pointsToEvaluate`. The searchers that come with Troupe are written on the same interface.
import { randomSearch, type Searcher, type Trial, uniform } from 'troupe'
import { simulate } from 'troupe/testing'

interface EvolutionOptions {
  /** Width of the first steps, as a part of each range. Default 0.2. */
  readonly stepSize?: number
}

/**
 * The (1+1) evolution strategy: tries a random step from the best configuration so far, and takes longer steps after
 * a success and shorter ones after a failure, so that about one in five succeeds (Rechenberg 1973).
 * Numbers take part; everything else is drawn afresh for each trial.
 */
function evolution({ stepSize = 0.2 }: EvolutionOptions = {}): Searcher {
  return {
    name: 'evolution',
    objectives: 'one',
    start({ parameters, objectives, random }) {
      const sign = objectives[0]?.mode === 'max' ? -1 : 1
      let best: { loss: number; params: Readonly<Record<string, unknown>> } | undefined
      let size = stepSize
      return {
        suggest({ number, retry }) {
          const draws = random.fork(`${number}/${retry}`)
          const point: Record<string, unknown> = {}
          for (const { path, domain } of parameters) {
            const value = best?.params[path]
            if (domain.kind !== 'float' || typeof value !== 'number') continue
            const next = value + size * (domain.high - domain.low) * draws.normal()
            point[path] = Math.min(Math.max(next, domain.low), domain.high)
          }
          // What a point leaves out is drawn from the space: the first point leaves out everything.
          return { kind: 'point', point }
        },
        tell({ state, values, params }) {
          if (state !== 'completed' || values === undefined) return
          const loss = sign * (values[0] as number)
          const success = best === undefined || loss < best.loss
          if (success) best = { loss, params }
          size *= success ? 1.5 : 1.5 ** -0.25
        },
      }
    },
  }
}

// A bowl in six dimensions, steeper in some than in others.
const bowl = async ({ at }: { readonly at: readonly number[] }, trial: Trial) => {
  await trial.report({ loss: at.reduce((sum, x, i) => sum + (i + 1) * (x - 0.3) ** 2, 0) })
}

async function bestLoss(searcher: Searcher, seed: number): Promise<number> {
  const { results } = await simulate({
    trainable: bowl,
    paramSpace: { at: Array.from({ length: 6 }, () => uniform(-1, 1)) },
    metric: 'loss',
    mode: 'min',
    numSamples: 200,
    maxConcurrentTrials: 1,
    searcher,
    seed,
  })
  return results.getBestResult().best.value
}

let wins = 0
console.log('seed  randomSearch   evolution')
for (let seed = 0; seed < 10; seed++) {
  const [random, evolved] = [await bestLoss(randomSearch(), seed), await bestLoss(evolution(), seed)]
  if (evolved < random) wins++
  console.log(
    String(seed).padStart(4),
    random.toExponential(2).padStart(13),
    evolved.toExponential(2).padStart(11),
  )
}
console.log(`The (1+1) evolution strategy found the lower loss with ${wins} of 10 seeds.`)
