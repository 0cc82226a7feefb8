import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { asha } from '../../src/schedulers/asha.ts'
import {
  type ResourceChangingOptions,
  type ResourcesAllocation,
  resourceChanging,
} from '../../src/schedulers/resource-changing.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { type RunOptions, SchedulerRun } from './scheduler-run.ts'

function runOf(
  options: ResourceChangingOptions,
  { totalResources = { cpu: 8 }, resources = { cpu: 1 } }: RunOptions = {},
) {
  return new SchedulerRun(resourceChanging(options), { totalResources, resources })
}

describe('resourceChanging', () => {
  obeysSchedulerLaws(() => resourceChanging({ wrapped: asha({ maxT: 9, reductionFactor: 3 }) }))
  describe('around a scheduler that pauses, with an allocation that changes all the time', () => {
    obeysSchedulerLaws(() =>
      resourceChanging({
        wrapped: asha({ type: 'promotion', maxT: 9, reductionFactor: 3 }),
        resourcesAllocation: ({ held }) => ({ cpu: ((held['cpu'] ?? 0) + 1) % 3 }),
      }),
    )
  })

  it('gives a trial that is alone all there is, and says so', () => {
    const run = runOf({})
    expect(run.report(0, 1, 1)).toEqual({
      kind: 'pause',
      reason: 'is given 8 cpu in place of 1 cpu',
      resources: { cpu: 8 },
      evidence: { from: { cpu: 1 }, to: { cpu: 8 }, free: { cpu: 7 }, live: 1 },
    })
    expect(run.choose()).toBe(0)
    expect(run.report(0, 2, 1)).toEqual({ kind: 'continue' })
  })

  it('gives each of several trials an equal share, what is over to the first', () => {
    const run = runOf({})
    for (const trial of [0, 1, 2]) run.add(trial)
    expect(run.report(0, 1, 1)).toMatchObject({ resources: { cpu: 3 } })
    expect(run.report(1, 1, 1)).toMatchObject({ resources: { cpu: 3 } })
    expect(run.report(2, 1, 1)).toMatchObject({ resources: { cpu: 2 } })
  })

  it('takes back what others wait for, but never what a trial began with', () => {
    const run = runOf({})
    run.report(0, 1, 1)
    for (const trial of [1, 2, 3]) run.add(trial)
    run.choose()
    expect(run.report(0, 2, 1)).toMatchObject({ resources: { cpu: 5 } })
    for (let trial = 4; trial < 20; trial++) run.add(trial)
    run.choose()
    expect(run.report(0, 3, 1)).toMatchObject({ resources: { cpu: 1 } })
    run.choose()
    expect(run.report(0, 4, 1)).toEqual({ kind: 'continue' })
  })

  it('gives what a trial leaves behind to those that go on', () => {
    const run = runOf({})
    for (const trial of [0, 1]) run.report(trial, 1, 1)
    run.end(0)
    expect(run.report(1, 2, 1)).toMatchObject({ resources: { cpu: 8 } })
  })

  it('grows by the steps it is told, only so often, and not into what is reserved', () => {
    const run = runOf(
      { increaseBy: { cpu: 2, gpu: 1 }, increaseByTimes: 3, reserveResources: { cpu: 1 } },
      { totalResources: { cpu: 16, gpu: 4 }, resources: { cpu: 2, gpu: 1 } },
    )
    expect(run.report(0, 1, 1)).toMatchObject({ resources: { cpu: 8, gpu: 4 } })
    const other = runOf({ increaseBy: { cpu: 2 }, reserveResources: { cpu: 2 } })
    expect(other.report(0, 1, 1)).toMatchObject({ resources: { cpu: 5 } })
  })

  it('grows by gpus where trials began with some', () => {
    const run = runOf({}, { totalResources: { cpu: 8, gpu: 2 }, resources: { cpu: 1, gpu: 0.5 } })
    expect(run.report(0, 1, 1)).toMatchObject({ resources: { cpu: 1, gpu: 1.5 } })
  })

  it('changes nothing where nothing is limited', () => {
    const run = runOf({}, { totalResources: {} })
    expect(run.report(0, 1, 1)).toEqual({ kind: 'continue' })
  })

  it('gives all that is free to the best trial when told so, and leaves the others alone', () => {
    const run = runOf({ resourcesAllocation: 'distributeToTop' })
    for (const trial of [0, 1, 2]) run.add(trial)
    expect(run.report(0, 1, 5)).toMatchObject({ resources: { cpu: 6 } })
    run.choose()
    expect(run.report(1, 1, 9)).toEqual({ kind: 'continue' })
    run.end(2)
    expect(run.report(0, 2, 5)).toEqual({ kind: 'continue' })
    expect(run.report(1, 2, 9)).toMatchObject({ resources: { cpu: 2 } })
    for (const trial of [3, 4]) run.add(trial)
    expect(run.report(0, 3, 5)).toMatchObject({ resources: { cpu: 4 } })
  })

  it('passes over the best when it may grow no more', () => {
    const run = runOf({ resourcesAllocation: 'distributeToTop', increaseByTimes: 2 })
    run.report(0, 1, 9)
    run.choose()
    expect(run.report(1, 1, NaN)).toMatchObject({ resources: { cpu: 3 } })
  })

  it('asks a function of the user’s, and does as it says', () => {
    const seen: Parameters<ResourcesAllocation>[0][] = []
    const run = runOf({
      resourcesAllocation: (context) => {
        seen.push(context)
        return context.report.score > 1 ? { cpu: 2 } : undefined
      },
    })
    expect(run.report(0, 1, 1)).toEqual({ kind: 'continue' })
    expect(run.report(0, 2, 2)).toMatchObject({ kind: 'pause', resources: { cpu: 2 } })
    expect(seen[0]).toMatchObject({
      trial: 0,
      base: { cpu: 1 },
      held: { cpu: 1 },
      total: { cpu: 8 },
      free: { cpu: 7 },
      liveCount: 1,
    })
  })

  it('does not give what there is not', () => {
    const run = runOf({ resourcesAllocation: () => ({ cpu: 9 }) })
    expect(run.report(0, 1, 1)).toEqual({ kind: 'continue' })
  })

  it('refuses what are no amounts from a function', () => {
    const run = runOf({ resourcesAllocation: () => ({ cpu: -1 }) })
    expect(() => run.report(0, 1, 1)).toThrow(/returned an object with the keys cpu for trial 0/)
  })

  it('leaves the wrapped scheduler the first word', () => {
    const run = runOf({ wrapped: asha({ type: 'promotion', maxT: 8, reductionFactor: 2 }) })
    expect(run.report(0, 1, 1)).toMatchObject({ kind: 'pause', evidence: { rung: 1 } })
    expect(run.report(0, 8, 1)).toMatchObject({ kind: 'stop', outcome: 'completed' })
  })

  it('counts what the wrapped scheduler has paused as free, and names first whom it paused itself', () => {
    const run = runOf({ wrapped: asha({ type: 'promotion', maxT: 8, gracePeriod: 2, reductionFactor: 2 }) })
    run.report(0, 2, 1)
    expect(run.report(1, 1, 1)).toMatchObject({ resources: { cpu: 8 } })
    run.add(2)
    expect(run.choose()).toBe(1)
    expect(run.report(1, 2, 2)).toMatchObject({ kind: 'pause', evidence: { rung: 2 } })
    expect(run.choose()).toBe(1)
    expect(run.report(1, 3, 2)).toMatchObject({ resources: { cpu: 7 } })
  })

  it('keeps to what there is in a whole experiment, and trials see what they hold', async () => {
    const seen: number[] = []
    let running = 0
    const { results } = await simulate({
      trainable: function* ({ level }, trial) {
        for (let step = 1; step <= 9; step++) {
          const cpu = trial.resources['cpu'] as number
          running += cpu
          yield trial.sleep(10 / cpu)
          seen.push(running)
          running -= cpu
          yield { acc: level * step, cpu }
        }
      },
      paramSpace: { level: uniform(0, 1) },
      metric: 'acc',
      mode: 'max',
      numSamples: 12,
      maxConcurrentTrials: 4,
      resources: { cpu: 1 },
      totalResources: { cpu: 6 },
      scheduler: resourceChanging({ wrapped: asha({ maxT: 9, reductionFactor: 3 }) }),
      seed: 2,
    })
    expect(Math.max(...seen)).toBe(6)
    const states = new Set([...results].map(({ state }) => state))
    expect(states).toEqual(new Set(['completed', 'pruned']))
    const most = Math.max(...[...results].map(({ metrics }) => metrics?.['cpu'] as number))
    expect(most).toBeGreaterThan(1)
  })

  it('says of itself what the wrapped scheduler says', () => {
    const scheduler = resourceChanging({ wrapped: asha({ metric: 'acc', mode: 'max', timeAttr: 'epoch' }) })
    expect(scheduler).toMatchObject({
      name: 'resourceChanging',
      objectives: 'one',
      objective: { metric: 'acc', mode: 'max' },
      timeAttr: 'epoch',
    })
    expect(resourceChanging().line).toBe(
      'Using FIFO scheduling algorithm. Free resources go to running trials.',
    )
  })

  it.each([
    [{ wrapped: asha }, 'resourceChanging.wrapped', /must be a scheduler.* Did you mean asha\(\)\?/],
    [{ wrapped: null }, 'resourceChanging.wrapped', /must be a scheduler.* got null/],
    [{ wrapped: { onReport() {} } }, 'resourceChanging.wrapped', /needs name, init and onReport/],
    [
      { resourcesAllocation: 'top' },
      'resourceChanging.resourcesAllocation',
      /'distributeToTop', or a function/,
    ],
    [{ increaseBy: { cpu: 0 } }, 'resourceChanging.increaseBy', /amount above 0, which 0 cpu has not/],
    [{ increaseBy: { cpu: -2 } }, 'resourceChanging.increaseBy', /cpu is -2/],
    [{ increaseBy: 2 }, 'resourceChanging.increaseBy', /object of amounts/],
    [{ increaseByTimes: 0 }, 'resourceChanging.increaseByTimes', /from 1/],
    [{ reserveResources: { cpu: -1 } }, 'resourceChanging.reserveResources', /object of amounts/],
    [{ wraped: asha() }, 'resourceChanging.wraped', /Did you mean wrapped\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => resourceChanging(options as ResourceChangingOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
