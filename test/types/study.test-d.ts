import { describe, expectTypeOf, it } from 'vitest'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import { createStudy } from '../../src/study/create-study.ts'
import type { Study } from '../../src/study/study.ts'

describe('a study', () => {
  it('is typed by its space, and an asked trial by the space that it is asked with', async () => {
    const study = await createStudy({
      paramSpace: { steps: 100, act: choice(['relu', 'tanh']) },
      where: (config) => config.steps > 1,
    })
    expectTypeOf(study).toEqualTypeOf<Study<{ steps: number; act: 'relu' | 'tanh' }>>()
    const trial = await study.ask({ layers: [16, randint(1, 9)] })
    expectTypeOf(trial.config).toEqualTypeOf<{ layers: [number, number] }>()
  })

  it('takes a function, or no space at all', async () => {
    const byRunning = await createStudy({ paramSpace: (trial) => void trial.suggestFloat('x', 0, 1) })
    expectTypeOf(byRunning).toEqualTypeOf<Study<Record<string, unknown>>>()
    expectTypeOf(await createStudy()).toEqualTypeOf<Study<Record<string, unknown>>>()
    await byRunning.ask((trial) => void trial.suggestInt('n', 1, 9))
  })

  it('refuses a space that cannot be used, where the problem is', async () => {
    void createStudy({
      // @ts-expect-error width stands beside the branch as well
      paramSpace: { width: 3, act: branch({ relu: { width: uniform(0, 1) } }) },
    })
    // @ts-expect-error a branch in an array
    void createStudy({ paramSpace: { layers: [branch({ a: {} })] } })
    const study = await createStudy()
    // @ts-expect-error width stands beside the branch as well
    void study.ask({ width: 3, act: branch({ relu: { width: uniform(0, 1) } }) })
  })
})
