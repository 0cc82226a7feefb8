import { defineTrainable, type Trainable, type Trial } from '../../src/executors/trainable.ts'

export interface LoopConfig {
  readonly steps: number
}

/** What happens in a loop beside its reports. */
export interface LoopHooks {
  /** Runs before the report of a step. */
  readonly onStep?: (step: number, trial: Trial) => void
  /** Virtual time before each report. */
  readonly sleepMs?: number
  readonly onCleanup?: (trial: Trial) => void
  /** Virtual time that cleaning up takes. */
  readonly cleanupMs?: number
}

/** The same loop in every form: `steps` reports of `{ step }`, then an end. */
export const LOOPS: Readonly<Record<string, (hooks?: LoopHooks) => Trainable<LoopConfig>>> = {
  'async function': ({ onStep, sleepMs, onCleanup, cleanupMs }: LoopHooks = {}) =>
    async function loop(config, trial) {
      try {
        for (let step = 1; step <= config.steps; step++) {
          onStep?.(step, trial)
          if (sleepMs !== undefined) await trial.sleep(sleepMs)
          await trial.report({ step })
        }
      } finally {
        if (cleanupMs !== undefined) await trial.sleep(cleanupMs)
        onCleanup?.(trial)
      }
    },

  'async generator': ({ onStep, sleepMs, onCleanup, cleanupMs }: LoopHooks = {}) =>
    async function* loop(config, trial) {
      try {
        for (let step = 1; step <= config.steps; step++) {
          onStep?.(step, trial)
          if (sleepMs !== undefined) yield trial.sleep(sleepMs)
          yield { step }
        }
      } finally {
        if (cleanupMs !== undefined) yield trial.sleep(cleanupMs)
        onCleanup?.(trial)
      }
    },

  'plain generator': ({ onStep, sleepMs, onCleanup, cleanupMs }: LoopHooks = {}) =>
    function* loop(config, trial) {
      try {
        for (let step = 1; step <= config.steps; step++) {
          onStep?.(step, trial)
          if (sleepMs !== undefined) yield trial.sleep(sleepMs)
          yield { step }
        }
      } finally {
        if (cleanupMs !== undefined) yield trial.sleep(cleanupMs)
        onCleanup?.(trial)
      }
    },

  defineTrainable: ({ onStep, sleepMs, onCleanup, cleanupMs }: LoopHooks = {}) =>
    defineTrainable({
      setup: (config: LoopConfig, trial) => ({ trial, steps: config.steps, step: 0 }),
      async step(state, trial) {
        state.step++
        onStep?.(state.step, trial)
        if (sleepMs !== undefined) await trial.sleep(sleepMs)
        return { step: state.step, done: state.step === state.steps }
      },
      async cleanup({ trial }) {
        if (cleanupMs !== undefined) await trial.sleep(cleanupMs)
        onCleanup?.(trial)
      },
    }),
}
