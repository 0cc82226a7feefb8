/** The state of a search after so many calls, for another process to go on from. */
export interface SearchState {
  /** How many calls it stands for. */
  readonly calls: number
  /** Of these calls and what they came to: it is of no use where other things were asked, answered or told. */
  readonly digest: string
  /** What `SearchSession.save` gave: V8 can serialize it. */
  readonly saved: unknown
}

/** Where the states of a search are kept beyond the process. */
export interface SearchStates {
  /** Those of earlier processes, oldest first. */
  readonly found: readonly SearchState[]
  /** There is a newer one. Nobody writes to what is in it. */
  readonly keep: (state: SearchState) => void
}
