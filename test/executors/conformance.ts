import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { OptionError, TrialStopped } from '../../src/errors.ts'
import { defineTrainable, type Trainable, type Trial } from '../../src/executors/trainable.ts'
import { randomStream } from '../../src/random/random.ts'
import { begin, expectQuiet, type MakeExecutor, play, runDry, stageOf, type Watched } from './harness.ts'
import { type LoopConfig, LOOPS } from './loops.ts'

const REASONS = ['stopped', 'exploited', 'paused'] as const

function steps(count: number): { step: number }[] {
  return Array.from({ length: count }, (_, i) => ({ step: i + 1 }))
}

function explodeAtStep3(step: number): void {
  if (step === 3) throw new RangeError('the learning rate exploded')
}

function missTheFile(): void {
  throw new Error('the file was gone')
}

/** Reads a real file: the one kind of wait that virtual time does not know. */
function realRead(): Promise<unknown> {
  return readFile(new URL(import.meta.url))
}

/** What every executor of trainables in JavaScript has to do. */
export function obeysExecutorLaws(make: MakeExecutor): void {
  describe.each(Object.entries(LOOPS))('%s', (form, loop) => {
    const isStepped = form === 'defineTrainable'

    it('reports in order, numbered from 1, and settles last', async () => {
      const run = await play(make, loop(), { config: { steps: 3 } })
      expect(run.metrics).toEqual(steps(3))
      expect(run.reports.map((report) => report.seq)).toEqual([1, 2, 3])
      expect(run.reports.map((report) => report.last)).toEqual([false, false, isStepped])
      expect(run.kinds).toEqual(['report', 'report', 'report', 'settled'])
      expect(run.outcome).toEqual({ kind: 'returned' })
    })

    it('sleeps on the clock of the experiment', async () => {
      const run = await play(make, loop({ sleepMs: 250 }), { config: { steps: 4 } })
      expect(run.told.map((told) => told.at)).toEqual([250, 500, 750, 1000, 1000])
    })

    it('is paused in memory by an answer that does not come, and goes on when it does', async () => {
      const run = await play(make, loop({ sleepMs: 1 }), {
        config: { steps: 3 },
        onReport: (report, watched) => watched.after(1000, () => watched.attempt.answer(report.seq)),
      })
      expect(run.told.map((told) => told.at)).toEqual([1, 1002, 2003, 3003])
      expect(run.outcome).toEqual({ kind: 'returned' })
    })

    it('passes on what was thrown, with its stack, after what was reported before', async () => {
      const run = await play(make, loop({ onStep: explodeAtStep3 }), { config: { steps: 5 } })
      expect(run.metrics).toEqual(steps(2))
      expect(run.error).toMatchObject({ name: 'RangeError', message: 'the learning rate exploded' })
      expect(run.error.stack).toContain('conformance.ts')
    })

    it('cleans up after it was done, and after it threw', async () => {
      for (const throwAt of [undefined, 2]) {
        const cleaned: string[] = []
        const onStep = (step: number): void => {
          if (step === throwAt) throw new Error('no')
        }
        const run = await play(make, loop({ onStep, onCleanup: () => cleaned.push('cleaned') }), {
          config: { steps: 2 },
        })
        expect(cleaned).toEqual(['cleaned'])
        expect(run.outcome?.kind).toBe(throwAt === undefined ? 'returned' : 'threw')
      }
    })

    it('fails when only its cleaning up throws', async () => {
      const run = await play(make, loop({ onCleanup: missTheFile }), { config: { steps: 1 } })
      expect(run.error.message).toBe('the file was gone')
    })

    it.each(REASONS)('leaves when its report is turned into "%s", and cleans up', async (reason) => {
      const seen: unknown[] = []
      const onCleanup = (trial: Trial): void => void seen.push(trial.signal.aborted, trial.signal.reason)
      const run = await play(make, loop({ onCleanup }), {
        config: { steps: 5 },
        onReport: (report, { attempt }) =>
          report.seq === 2 ? attempt.leave(reason) : attempt.answer(report.seq),
      })
      expect(run.metrics).toEqual(steps(2))
      expect(run.outcome).toEqual({ kind: 'left' })
      expect(seen).toEqual([true, expect.any(TrialStopped)])
      expect(seen[1]).toMatchObject({ reason })
    })

    it('leaves while it sleeps, at that moment', async () => {
      const run = await play(make, loop({ sleepMs: 1000 }), {
        config: { steps: 5 },
        afterStart: (watched) => watched.after(1500, () => watched.attempt.leave('stopped')),
      })
      expect(run.metrics).toEqual(steps(1))
      expect(run.told.at(-1)).toEqual({ at: 1500, kind: 'settled', outcome: { kind: 'left' } })
    })

    it('may take its time to clean up after it had to leave', async () => {
      const run = await play(make, loop({ cleanupMs: 40 }), {
        config: { steps: 5 },
        onReport: (_, { attempt }) => attempt.leave('stopped'),
      })
      expect(run.told.at(-1)).toEqual({ at: 40, kind: 'settled', outcome: { kind: 'left' } })
    })

    it('has left, whatever it throws on its way out, and what it threw is told', async () => {
      const run = await play(make, loop({ onCleanup: missTheFile }), {
        config: { steps: 5 },
        onReport: (_, { attempt }) => attempt.leave('stopped'),
      })
      const besides = expect.objectContaining({ message: 'the file was gone' }) as Error
      expect(run.outcome).toEqual({ kind: 'left', besides })
    })

    it.each([
      ['by the TrialStopped', (trial: Trial) => trial.signal.reason as Error],
      [
        'by one that has it as its cause',
        ({ signal }: Trial) => new Error('gave up', { cause: signal.reason }),
      ],
      ['by an AbortError', () => new DOMException('The operation was aborted.', 'AbortError')],
    ])('has left without a word when it leaves %s', async (_, leave) => {
      const onCleanup = (trial: Trial): void => {
        if (trial.signal.aborted) throw leave(trial)
      }
      const run = await play(make, loop({ onCleanup }), {
        config: { steps: 5 },
        onReport: (_report, { attempt }) => attempt.leave('stopped'),
      })
      expect(run.outcome).toEqual({ kind: 'left' })
    })

    it('has left when it was told to while its last report waited', async () => {
      const run = await play(make, loop(), {
        config: { steps: 1 },
        onReport: (_, watched) => watched.after(5, () => watched.attempt.leave('stopped')),
      })
      expect(run.told.at(-1)).toEqual({ at: 5, kind: 'settled', outcome: { kind: 'left' } })
    })

    it('never begins when it has to leave before', async () => {
      const begun: number[] = []
      const run = await play(make, loop({ onStep: (step) => begun.push(step) }), {
        config: { steps: 5 },
        afterStart: ({ attempt }) => attempt.leave('paused'),
      })
      expect(begun).toEqual([])
      expect(run.told).toEqual([{ at: 0, kind: 'settled', outcome: { kind: 'left' } }])
    })

    it('takes no notice of a second answer, a second leave, and answers to what was never reported', async () => {
      const run = await play(make, loop(), {
        config: { steps: 3 },
        onReport(report, { attempt }) {
          attempt.answer(99)
          attempt.answer(report.seq)
          attempt.answer(report.seq)
          attempt.answer(report.seq - 1)
          if (report.seq < 3) return
          attempt.leave('paused')
          attempt.leave('stopped')
        },
      })
      expect(run.metrics).toEqual(steps(3))
    })

    it('is not heard any more once it was abandoned, but may still clean up', async () => {
      const cleaned: boolean[] = []
      const onCleanup = (trial: Trial): void => {
        trial.setUserAttr('late', 1)
        trial.logger.info('late')
        cleaned.push(trial.signal.aborted)
      }
      const run = begin(make, loop({ sleepMs: 10, onCleanup }), {
        config: { steps: 50 },
        afterStart(watched) {
          watched.after(25, () => {
            watched.attempt.leave('stopped')
            watched.attempt.abandon()
          })
        },
      })
      await runDry(run.kernel)
      expect(run.kernel.now()).toBe(25)
      expect(run.kinds).toEqual(['report', 'report'])
      expect(cleaned).toEqual([true])
    })

    it('holds nothing up while it still sleeps in its cleaning up when it is abandoned', async () => {
      const run = begin(make, loop({ cleanupMs: 1e9 }), {
        config: { steps: 5 },
        onReport(_, watched) {
          watched.attempt.leave('stopped')
          watched.after(5000, () => watched.attempt.abandon())
        },
      })
      await runDry(run.kernel)
      expect(run.kernel.now()).toBe(5000)
      expect(run.kinds).toEqual(['report'])
    })
  })

  describe('what is reported', () => {
    it.each(REPORTING)('arrives as it was, NaN and infinities too: %s', async (_, trainable) => {
      const metrics = { loss: NaN, low: -Infinity, deep: { high: Infinity, words: ['a', null, true] } }
      const run = await play(
        make,
        trainable(() => metrics),
      )
      expect(run.metrics).toEqual([metrics])
      expect(run.metrics[0]).not.toBe(metrics)
    })

    it.each(REPORTING)(
      'fails the trial and is not sent when it cannot be recorded: %s',
      async (_, trainable) => {
        const circular: Record<string, unknown> = { loss: 1 }
        circular['self'] = circular
        for (const [metrics, path] of [
          [{ loss: 1, circular }, 'report.circular/self'],
          [{ loss: 1, model: () => {} }, 'report.model'],
          [{ count: 3n }, 'report.count'],
        ] as const) {
          const run = await play(
            make,
            trainable(() => metrics),
          )
          expect(run.kinds).toEqual(['settled'])
          expect(run.error).toMatchObject({ name: 'OptionError', code: 'option', option: path })
          expect(run.error).toBeInstanceOf(OptionError)
        }
      },
    )

    it('is copied at the call', async () => {
      const metrics = { loss: 1, curve: [1] }
      const run = await play(make, async (_, trial) => {
        const first = trial.report(metrics)
        metrics.loss = 2
        metrics.curve.push(2)
        await first
        await trial.report(metrics)
      })
      expect(run.metrics).toEqual([
        { loss: 1, curve: [1] },
        { loss: 2, curve: [1, 2] },
      ])
    })

    it('may be caught when it cannot be recorded, and the next one has the next number', async () => {
      const bad = { loss: 1n }
      const forms: Trainable[] = [
        async (_, trial) => {
          await trial.report({ loss: 1 })
          await trial.report(bad).catch(() => {})
          await trial.report({ loss: 2 })
        },
        async function* () {
          yield { loss: 1 }
          try {
            yield bad
          } catch (error) {
            expect(error).toBeInstanceOf(OptionError)
          }
          yield { loss: 2 }
        },
        function* () {
          yield { loss: 1 }
          try {
            yield bad
          } catch (error) {
            expect(error).toBeInstanceOf(OptionError)
          }
          yield { loss: 2 }
        },
      ]
      for (const trainable of forms) {
        const run = await play(make, trainable)
        expect(run.reports.map(({ seq, metrics }) => [seq, metrics['loss']])).toEqual([
          [1, 1],
          [2, 2],
        ])
        expect(run.outcome).toEqual({ kind: 'returned' })
      }
    })

    it('fails the trial when it cannot be recorded and nobody even awaited it', async () => {
      const run = await play(make, async (_, trial) => {
        void trial.report({ loss: 1, model: new Map() })
        await trial.report({ loss: 2 })
      })
      expect(run.metrics).toEqual([{ loss: 2 }])
      expect(run.error).toMatchObject({ code: 'option', option: 'report.model' })
    })

    it('arrives in order when nobody awaits it, and all of it is answered before the end', async () => {
      for (const trainable of [
        async (_: unknown, trial: Trial) => {
          for (const { step } of steps(3)) void trial.report({ step })
          await Promise.resolve()
        },
        (_: unknown, trial: Trial) => {
          for (const { step } of steps(3)) void trial.report({ step })
        },
        function* (_: unknown, trial: Trial) {
          for (const { step } of steps(2)) void trial.report({ step })
          yield { step: 3 }
        },
      ]) {
        const run = await play(make, trainable, {
          onReport: (report, watched) =>
            watched.after(report.seq * 10, () => watched.attempt.answer(report.seq)),
        })
        expect(run.metrics).toEqual(steps(3))
        expect(run.told.map((told) => told.at)).toEqual([0, 0, 0, 30])
        expect(run.outcome).toEqual({ kind: 'returned' })
      }
    })

    it('is lost to a trial that has to leave: those under way and all later ones reject', async () => {
      const errors: unknown[] = []
      const run = await play(
        make,
        async (_, trial) => {
          const reports = steps(3).map((metrics) => trial.report(metrics))
          for (const result of await Promise.allSettled(reports)) errors.push(result)
          await trial.report({ step: 4 }).catch((error: unknown) => errors.push(error))
        },
        { onReport: (report, { attempt }) => report.seq === 2 && attempt.leave('exploited') },
      )
      const reason = expect.objectContaining({ name: 'TrialStopped', reason: 'exploited' }) as unknown
      expect(run.metrics).toEqual(steps(2))
      expect(errors).toEqual([...steps(3).map(() => ({ status: 'rejected', reason })), reason])
      expect(run.outcome).toEqual({ kind: 'left' })
    })

    it('is refused after the end', async () => {
      let kept: Trial | undefined
      const run = await play(make, (_, trial) => {
        kept = trial
        return { loss: 1 }
      })
      await expect(kept?.report({ loss: 2 })).rejects.toMatchObject({
        name: 'TrialStopped',
        message: expect.stringMatching(/^This trial has ended, so it can report nothing more\./) as string,
        reason: 'stopped',
      })
      await expect(kept?.sleep(5)).rejects.toBeInstanceOf(TrialStopped)
      kept?.setUserAttr('late', 1)
      kept?.setConstraint('late', 1)
      kept?.logger.error('late')
      run.attempt.leave('stopped')
      run.attempt.save()
      run.attempt.answer(1)
      run.attempt.abandon()
      await expectQuiet(run)
      expect(run.kinds).toEqual(['report', 'settled'])
    })

    it('can be answered and refused by the listener there and then', async () => {
      for (const trainable of Object.values(LOOPS)) {
        const run = await play(make, trainable(), {
          config: { steps: 9 },
          onReport(report, { attempt }) {
            attempt.answer(report.seq)
            if (report.seq === 3) attempt.leave('stopped')
          },
        })
        expect(run.metrics).toEqual(steps(3))
        expect(run.outcome).toEqual({ kind: 'left' })
      }
    })
  })

  describe('what is returned', () => {
    const returning: Readonly<Record<string, (value: never) => Trainable>> = {
      'async function': (value) => async () => value,
      'async generator': (value) =>
        async function* () {
          yield { loss: 1 }
          return value
        },
      'plain generator': (value) =>
        function* () {
          yield { loss: 1 }
          return value
        },
      function: (value) => () => value,
    }

    it.each(Object.entries(returning))('is the last report of %s when it is an object', async (_, form) => {
      const run = await play(make, form({ loss: 0.5 } as never), {
        onReport: (report, watched) => watched.after(10, () => watched.attempt.answer(report.seq)),
      })
      const last = run.reports.at(-1)
      expect(last).toEqual({ seq: run.reports.length, metrics: { loss: 0.5 }, last: true })
      expect(run.told.at(-1)).toMatchObject({ at: run.reports.length * 10, outcome: { kind: 'returned' } })
    })

    it.each(Object.entries(returning))(
      'is no report of %s when it is anything else, which is told in words',
      async (_, form) => {
        for (const [value, ignored] of [
          [undefined],
          [null],
          [0.3, '0.3'],
          ['done', '"done"'],
          [[1, 2], 'an array of 2: [1, 2]'],
          [new Map([['loss', 1]]), 'a Map'],
        ] as const) {
          const run = await play(make, form(value as never))
          expect(run.reports.every((report) => !report.last)).toBe(true)
          expect(run.outcome).toEqual({ kind: 'returned', ...(ignored !== undefined && { ignored }) })
        }
      },
    )

    it.each(Object.entries(returning))('fails %s when it cannot be recorded', async (_, form) => {
      const run = await play(make, form({ loss: 1, model: () => {} } as never))
      expect(run.error).toMatchObject({ code: 'option', option: 'report.model' })
    })

    it('is ignored after the trial had to leave', async () => {
      const run = await play(
        make,
        async (_, trial) => {
          await trial.report({ loss: 1 }).catch(() => {})
          return { loss: 2 }
        },
        { onReport: (_, { attempt }) => attempt.leave('stopped') },
      )
      expect(run.metrics).toEqual([{ loss: 1 }])
      expect(run.outcome).toEqual({ kind: 'left' })
    })
  })

  describe('checkpoints', () => {
    it('are copied at the call and come back in the next attempt', async () => {
      const weights = Float64Array.of(1, 2)
      const state = { weights, seen: new Map([['a', 1]]) }
      const first = await play(make, async (_, trial) => {
        expect(trial.checkpoint).toBeUndefined()
        await trial.report({ loss: 3 }, { checkpoint: state })
        weights[0] = 9
        await trial.report({ loss: 2 })
      })
      const [withOne, without] = first.reports
      expect(withOne?.checkpoint).toEqual({
        value: { weights: Float64Array.of(1, 2), seen: new Map([['a', 1]]) },
      })
      expect(without).not.toHaveProperty('checkpoint')

      const checkpoint = { value: withOne?.checkpoint?.value, iteration: 1 }
      for (const attempt of [2, 3]) {
        const next = await play(
          make,
          (_, trial) => {
            const restored = trial.checkpoint as typeof state
            expect(trial.checkpoint).toBe(restored)
            restored.weights[0] = (restored.weights[0] ?? NaN) + 1
            return { weight: restored.weights[0], attempt: trial.attempt }
          },
          { checkpoint, attempt },
        )
        expect(next.metrics).toEqual([{ weight: 2, attempt }])
      }
    })

    it('come from generators by yielding the report', async () => {
      const forms: Trainable[] = [
        async function* (_, trial) {
          for (const { step } of steps(2)) yield trial.report({ step }, { checkpoint: { step } })
        },
        function* (_, trial) {
          for (const { step } of steps(2)) yield trial.report({ step }, { checkpoint: { step } })
        },
      ]
      for (const trainable of forms) {
        const run = await play(make, trainable, {
          onReport: (report, watched) => watched.after(10, () => watched.attempt.answer(report.seq)),
        })
        expect(run.reports).toEqual(
          steps(2).map((metrics) => ({
            seq: metrics.step,
            metrics,
            last: false,
            checkpoint: { value: metrics },
          })),
        )
        expect(run.told.map((told) => told.at)).toEqual([0, 10, 20])
      }
    })

    it('that cannot be copied are refused, naming the part', async () => {
      const run = await play(make, async (_, trial) => {
        await trial.report({ loss: 1 }, { checkpoint: { layers: [{ activate: (x: number) => x }] } })
      })
      expect(run.kinds).toEqual(['settled'])
      expect(run.error).toMatchObject({ option: 'checkpoint/layers/0/activate' })
      expect(run.error.message).toContain('checkpoint/layers/0/activate is the function activate')
    })

    it('are the only thing that goes along with a report', async () => {
      const run = await play(make, async (_, trial) => {
        const misspelt = { checkpiont: 1 }
        await trial.report({ loss: 1 }, misspelt as object)
      })
      expect(run.error).toMatchObject({ option: 'report.options' })
    })

    it('are not what a function can be asked for', async () => {
      const run = await play(make, LOOPS['async function']?.() as Trainable<LoopConfig>, {
        config: { steps: 1 },
        onReport: (_, { attempt }) => attempt.save(),
        onSaved: (_, { attempt }) => attempt.answer(1),
      })
      expect(run.told.slice(1)).toEqual([
        { at: 0, kind: 'saved', checkpoint: undefined },
        { at: 0, kind: 'settled', outcome: { kind: 'returned' } },
      ])
    })
  })

  describe('code that waits for the real world', () => {
    it('sees no virtual time pass meanwhile', async () => {
      const run = begin(
        make,
        async (_, trial) => {
          for (const { step } of steps(3)) {
            await realRead()
            await trial.report({ step })
          }
        },
        { afterStart: (watched) => watched.after(1, () => watched.attempt.leave('stopped')) },
      )
      await runDry(run.kernel)
      expect(run.metrics).toEqual(steps(3))
      expect(run.told.at(-1)).toEqual({ at: 0, kind: 'settled', outcome: { kind: 'returned' } })
    })

    it('sees none pass either while it cleans up after a sleep that was cut short', async () => {
      const run = await play(
        make,
        async (_, trial) => {
          try {
            await trial.sleep(1000)
          } finally {
            await realRead()
          }
        },
        {
          afterStart: (watched) => watched.after(5, () => watched.attempt.leave('stopped')),
        },
      )
      expect(run.told).toEqual([{ at: 5, kind: 'settled', outcome: { kind: 'left' } }])
    })

    it.each(['async function', 'async generator'])('leaves at its next call: %s', async (form) => {
      let attempt: Watched['attempt'] | undefined
      let cleaned = 0
      const body = async (): Promise<void> => {
        attempt?.leave('stopped')
        await realRead()
      }
      const forms: Readonly<Record<string, Trainable>> = {
        'async function': async (_, trial) => {
          try {
            await body()
            await trial.report({ step: 1 })
          } finally {
            cleaned++
          }
        },
        'async generator': async function* () {
          try {
            await body()
            yield { step: 1 }
          } finally {
            cleaned++
          }
        },
      }
      const run = await play(make, forms[form] as Trainable, {
        afterStart: (watched) => void (attempt = watched.attempt),
      })
      expect(run.kinds).toEqual(['settled'])
      expect(run.outcome).toEqual({ kind: 'left' })
      expect(cleaned).toBe(1)
    })
  })

  describe('the trial that user code is given', () => {
    it('says who it is', async () => {
      const run = await play(
        make,
        (_, { id, number, attempt, resources }) => ({ id, number, attempt, resources }),
        {
          attempt: 3,
        },
      )
      expect(run.metrics).toEqual([{ id: 'abc', number: 7, attempt: 3, resources: { cpu: 1 } }])
    })

    it('draws the same numbers in every attempt', async () => {
      const stream = randomStream('seed/trial/7')
      const expected = [{ a: stream.next(), b: stream.next() }]
      for (const attempt of [1, 2]) {
        const run = await play(make, (_, { random }) => ({ a: random(), b: random() }), { attempt })
        expect(run.metrics).toEqual(expected)
      }
    })

    it('passes on attributes, constraints and log lines, in order with its reports', async () => {
      const run = await play(make, async (_, trial) => {
        const { setUserAttr, setConstraint, logger, report } = trial
        setUserAttr('host', { name: 'here', cores: [1, 2] })
        await report({ loss: 1 })
        setConstraint('memory', -3)
        setConstraint('time', Infinity)
        logger.warn('slow', { ms: 3, why: () => {}, error: new RangeError('deep') })
        logger.debug('plain')
      })
      expect(run.kinds).toEqual(['userAttr', 'report', 'constraint', 'constraint', 'log', 'log', 'settled'])
      expect(run.told).toMatchObject([
        { key: 'host', value: { name: 'here', cores: [1, 2] } },
        {},
        { key: 'memory', value: -3 },
        { key: 'time', value: Infinity },
        { entry: { level: 'warn', message: 'slow', fields: { ms: 3, why: 'the function why' } } },
        { entry: { level: 'debug', message: 'plain' } },
        {},
      ])
    })

    it.each([
      ['setUserAttr.model', (trial: Trial) => trial.setUserAttr('model', () => {})],
      ['setUserAttr.gone', (trial: Trial) => trial.setUserAttr('gone', undefined)],
      ['setUserAttr.seen', (trial: Trial) => trial.setUserAttr('seen', { at: [new Map()] })],
      ['setConstraint.memory', (trial: Trial) => trial.setConstraint('memory', NaN)],
      ['setConstraint.memory', (trial: Trial) => trial.setConstraint('memory', '3' as never)],
      ['sleep', (trial: Trial) => trial.sleep(-1)],
      ['sleep', (trial: Trial) => trial.sleep(NaN)],
      ['sleep', (trial: Trial) => trial.sleep(Infinity)],
      ['sleep', (trial: Trial) => trial.sleep('1' as never)],
    ])('refuses what cannot be used at the call: %s', async (option, call) => {
      const run = await play(make, (_, trial) => {
        call(trial)
      })
      expect(run.kinds).toEqual(['settled'])
      expect(run.error).toMatchObject({ name: 'OptionError', option })
    })

    it('clears the sleeps that nobody waited for', async () => {
      const run = await play(make, async (_, trial) => {
        void trial.sleep(1e9)
        await trial.sleep(5)
      })
      expect(run.told.at(-1)?.at).toBe(5)
    })

    it('does not share its configuration', async () => {
      const config = { steps: 2, nested: { list: [1, 2] } }
      const spoil = (own: typeof config): { steps: number } => {
        own.nested.list.push(3)
        return { steps: (own.steps *= 4) }
      }
      const run = await play(make, spoil, { config })
      expect(run.metrics).toEqual([{ steps: 8 }])
      expect(config).toEqual({ steps: 2, nested: { list: [1, 2] } })
    })
  })

  describe('what is thrown', () => {
    it('is an error with the value as its cause when it was none', async () => {
      for (const thrown of ['text', 42, undefined, null, Symbol('s'), Object.create(null), 10n]) {
        const run = await play(make, async () => {
          throw thrown
        })
        expect(run.error).toBeInstanceOf(Error)
        expect(run.error).toMatchObject({ code: 'thrown' })
      }
    })

    it('is known before anything ran when the call itself throws', async () => {
      const run = await play(make, () => {
        throw new SyntaxError('no such dataset')
      })
      expect(run.error).toMatchObject({ name: 'SyntaxError', message: 'no such dataset' })
    })

    it('keeps its code and its causes', async () => {
      const run = await play(make, async () => {
        const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
        throw new TypeError('fetch failed', { cause })
      })
      expect(run.error).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNREFUSED' } })
      expect(run.error.cause).toBeInstanceOf(Error)
    })
  })

  it('runs code that swallows TrialStopped in an endless loop until it is abandoned, and no longer', async () => {
    let turns = 0
    const run = begin(
      make,
      async (_, trial) => {
        for (;;) {
          turns++
          await trial.report({ turns }).catch(() => {})
        }
      },
      {
        onReport(_, watched) {
          watched.attempt.leave('stopped')
          watched.after(5000, () => watched.attempt.abandon())
        },
      },
    )
    await runDry(run.kernel)
    expect(run.kernel.now()).toBe(5000)
    expect(run.metrics).toEqual([{ turns: 1 }])
    expect(turns).toBeGreaterThan(2)
  })

  it('keeps the order of many trials at once, in whichever form they are written', async () => {
    const orders = []
    for (const form of ['async function', 'async generator', 'plain generator'] as const) {
      const stage = stageOf(make, LOOPS[form]?.({ sleepMs: 10 }) as Trainable<LoopConfig>)
      const order: string[] = []
      const runs = Array.from({ length: 20 }, (_, trial) =>
        begin(make, async () => {}, {
          stage,
          trial,
          config: { steps: 1 + (trial % 4) },
          onReport(report, watched) {
            order.push(`${stage.kernel.now()}: ${trial}/${report.seq}`)
            if (trial % 5 === 0 && report.seq === 2) watched.attempt.leave('stopped')
            else watched.after(trial % 3, () => watched.attempt.answer(report.seq))
          },
        }),
      )
      await stage.kernel.run(
        () => runs.every((run) => run.outcome !== undefined),
        () => false,
      )
      orders.push(order)
    }
    expect(orders[0]).toHaveLength(47)
    expect(orders[1]).toEqual(orders[0])
    expect(orders[2]).toEqual(orders[0])
  })
}

/** One report of what a function gives, in every way to report. */
const REPORTING: readonly (readonly [string, (metrics: () => object) => Trainable])[] = [
  ['await report', (metrics) => async (_, trial) => await trial.report({ ...metrics() })],
  [
    'yield of an async generator',
    (metrics) =>
      async function* () {
        yield { ...metrics() }
      },
  ],
  [
    'yield of a plain generator',
    (metrics) =>
      function* () {
        yield { ...metrics() }
      },
  ],
  ['a returned value', (metrics) => () => ({ ...metrics() })],
  [
    'step',
    (metrics) => defineTrainable({ setup: () => undefined, step: () => ({ ...metrics(), done: true }) }),
  ],
]
