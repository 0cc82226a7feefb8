import { asError } from '../../errors.ts'
import type { Decision, Scheduler } from '../../schedulers/scheduler.ts'
import { defaultChoice } from '../../schedulers/default-choice.ts'
import { traitsOf } from '../../schedulers/traits.ts'
import type { Searcher } from '../../searchers/searcher.ts'
import type { StagedRun } from './staged-run.ts'

/** The same searcher, whose calls are counted by the run that is under way. */
export function watchedSearcher(searcher: Searcher, run: () => StagedRun): Searcher {
  return {
    ...searcher,
    start(context) {
      const search = searcher.start(context)
      return {
        suggest: (ask) => search.suggest(ask),
        tell(told) {
          run().invariants.onTold(told.number)
          return search.tell(told)
        },
      }
    },
  }
}

/** The same scheduler, whose calls and answers are looked at by the run that is under way. */
export function watchedScheduler(scheduler: Scheduler, run: () => StagedRun): Scheduler {
  let decided: { readonly trial: number; readonly decision: Decision } | undefined
  const watched = <T>(call: () => T): T => {
    try {
      return call()
    } catch (error) {
      run().invariants.broken(`the scheduler threw: ${asError(error).message}`)
      throw error
    }
  }
  return {
    ...traitsOf(scheduler),
    init(context) {
      const state = scheduler.init(context)
      run().schedulerState = state
      return state
    },
    onAdd(state, added) {
      run().invariants.onAdd(added.trial)
      watched(() => scheduler.onAdd?.(state, added))
    },
    onReport(state, report) {
      run().hasDeclined = false
      run().invariants.onReport(report.trial)
      const decision = watched(() => scheduler.onReport(state, report))
      decided = { trial: report.trial, decision }
      return decision
    },
    onEnd(state, end) {
      run().invariants.onEnd(end.trial)
      const commands = watched(() => scheduler.onEnd?.(state, end)) ?? []
      run().invariants.commands(commands, run().records)
      return commands
    },
    choose(state, choice) {
      const trial = watched(() =>
        scheduler.choose === undefined ? defaultChoice(choice.candidates) : scheduler.choose(state, choice),
      )
      run().hasDeclined = trial === undefined
      return trial
    },
    commands(state) {
      const commands = watched(() => scheduler.commands?.(state)) ?? []
      run().invariants.commands(commands, run().records, decided)
      return commands
    },
  }
}
