import type { Objective } from '../../core/objective.ts'
import type { Ask, Suggestion, ThreadOrder, ToldTrial } from '../../searchers/searcher.ts'
import type { Parameter } from '../../space/space.ts'

/** What the experiment's thread says to that of a searcher. The first message is `start`. */
export type ToSearcherThread =
  | {
      readonly type: 'start'
      readonly order: ThreadOrder
      readonly parameters: readonly Parameter[]
      readonly objectives: readonly Objective[]
      /** Where the searcher's stream of chance begins. */
      readonly randomPath: string
      readonly budget: number | undefined
    }
  | { readonly type: 'suggest'; readonly request: number; readonly ask: Ask }
  | { readonly type: 'tell'; readonly trial: ToldTrial }

/** What the thread of a searcher answers. After `failed` it answers no more. */
export type FromSearcherThread =
  | { readonly type: 'suggested'; readonly request: number; readonly suggestion: Suggestion }
  | { readonly type: 'failed'; readonly error: Error }
