import { describe, expect, it } from 'vitest'
import { learningCurves, simulate } from 'troupe/testing'

const objective = { metric: 'loss', mode: 'min' } as const

describe('learningCurves', () => {
  it('reports the values that a trial is given by its number, and ends', async () => {
    const trainable = learningCurves((_config, number) => [[3, 2, 1], [5]][number] ?? [], { metric: 'loss' })
    const { results } = await simulate({ trainable, ...objective, numSamples: 2 })
    expect([...results].map(({ history }) => [...history].map((metrics) => metrics['loss']))).toEqual([
      [3, 2, 1],
      [5],
    ])
  })

  it('follows a function of the configuration and the step for as long as it gives something', async () => {
    const trainable = learningCurves(
      ({ rate }: { rate: number }) =>
        (step) =>
          step > 4 ? undefined : { loss: rate ** step, step },
    )
    const { results } = await simulate({ trainable, paramSpace: { rate: 0.5 }, ...objective })
    expect(results.at(0)?.metrics).toMatchObject({ loss: 0.0625, step: 4, training_iteration: 4 })
  })

  it('goes on from its checkpoint after a failure, or begins again where it has none', async () => {
    const begun = async (checkpoint: boolean): Promise<number[]> => {
      const steps: number[] = []
      const trainable = learningCurves(
        () => (step) => {
          steps.push(step)
          if (step === 3 && steps.length === 3) throw new Error('broke')
          return step > 3 ? undefined : { loss: step }
        },
        { checkpoint },
      )
      await simulate({ trainable, ...objective, failure: { maxFailures: 1 } })
      return steps
    }
    expect(await begun(true)).toEqual([1, 2, 3, 3, 4])
    expect(await begun(false)).toEqual([1, 2, 3, 1, 2, 3, 4])
  })

  it('refuses what is no curve', async () => {
    expect(() => learningCurves([1, 2] as never)).toThrow(/takes a function of \(config, number\)/)
    expect(() => learningCurves(() => [1], { metrik: 'loss' } as never)).toThrow(/Did you mean metric/)
    const { results } = await simulate({ trainable: learningCurves(() => ['low'] as never), ...objective })
    expect(results.at(0)?.error?.message).toMatch(/A learning curve is an array .* got "low"/)
  })
})
