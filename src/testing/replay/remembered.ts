import type { Trace } from '../../runtime/trace.ts'
import type { Composition } from '../../tuner/compose.ts'

// What a trace cannot hold in its text: the scheduler, and what was given to it.
const RUNS = new WeakMap<Trace, Composition>()

/** Keeps what a trace was recorded from, for as long as there is the trace. */
export function rememberRun(trace: Trace, composition: Composition): void {
  RUNS.set(trace, composition)
}

/** What a trace was recorded from; undefined when it was read from text, or recorded by a Tuner. */
export function rememberedRun(trace: Trace): Composition | undefined {
  return RUNS.get(trace)
}
