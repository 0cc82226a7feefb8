/** Optuna's states of a trial, by their names, as its databases hold them. */
export type OptunaState = 'RUNNING' | 'COMPLETE' | 'PRUNED' | 'FAIL' | 'WAITING'

/** Optuna's directions, by their names, as its databases hold them. `NOT_SET` is only ever read. */
export type OptunaDirection = 'NOT_SET' | 'MINIMIZE' | 'MAXIMIZE'

/** One parameter of a trial, as Optuna's storage holds it. */
export interface OptunaParam {
  /** Optuna's name of it: the path, or what tells apart parameters of one path that Optuna takes for different ones. */
  readonly name: string
  /** The internal number: the value itself, or of a categorical the position of the choice. */
  readonly value: number
  /** The distribution, as JSON. */
  readonly distribution: string
}

/**
 * One change that Optuna's storage can be told, whichever kind it is: a database carries it out as rows, a journal as a
 * line. Trials go by their numbers. Times are in milliseconds since 1970. Values and attributes may hold NaN and
 * infinities.
 *
 * They come in an order in which each can be carried out, and none is about a trial that has ended, which Optuna refuses.
 */
export type OptunaOperation =
  | {
      /** Comes once, before all others of the study. */
      readonly kind: 'study'
      readonly name: string
      readonly directions: readonly OptunaDirection[]
    }
  | { readonly kind: 'studyUserAttr'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'studySystemAttr'; readonly key: string; readonly value: unknown }
  | {
      /** A trial is made: with the number that comes next. */
      readonly kind: 'trial'
      readonly trial: number
      readonly state: 'RUNNING' | 'WAITING'
      /** Undefined while it waits. */
      readonly startedAt: number | undefined
      /** What it has from the moment at which others can see it. */
      readonly params: readonly OptunaParam[]
      readonly systemAttrs: Readonly<Record<string, unknown>>
    }
  | {
      /** A trial that waits runs. One only of all who want to may do this. */
      readonly kind: 'claim'
      readonly trial: number
      readonly startedAt: number
    }
  | {
      /**
       * A trial that runs begins anew: its parameters, intermediate values, user attributes and constraints are gone.
       * Where nothing can be taken back, as in Optuna's journal, they stay.
       */
      readonly kind: 'anew'
      readonly trial: number
    }
  | ({
      /** A parameter that the trial has not had. Replaces one that it has, when a trial goes on with another's. */
      readonly kind: 'param'
      readonly trial: number
    } & OptunaParam)
  | {
      /** Replaces what is there for the step, an integer from 0 to 2^31 - 1. */
      readonly kind: 'intermediate'
      readonly trial: number
      readonly step: number
      readonly value: number
    }
  | { readonly kind: 'userAttr'; readonly trial: number; readonly key: string; readonly value: unknown }
  | { readonly kind: 'systemAttr'; readonly trial: number; readonly key: string; readonly value: unknown }
  | {
      /** The trial ends: the last operation about it. */
      readonly kind: 'end'
      readonly trial: number
      readonly state: 'COMPLETE' | 'PRUNED' | 'FAIL'
      /** One an objective, none of them NaN; undefined when there are none. */
      readonly values: readonly number[] | undefined
      readonly endedAt: number
    }
