/** How long things may take, in milliseconds; undefined for any time. */
export interface RunLimits {
  /** One attempt, pauses left out. */
  readonly trialTimeoutMs: number | undefined
  /** From the start, or from a decision, to the next report. */
  readonly reportTimeoutMs: number | undefined
  /** From being told to leave to having left. */
  readonly stopGraceMs: number
  /** Before the second attempt; doubled for each further one, up to a day. */
  readonly backoffMs: number
}
