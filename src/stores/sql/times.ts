/** A time as Optuna's tables hold it: UTC, without a zone, with six digits of a second, which Optuna's reader counts on. */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 23).replace('T', ' ')}000`
}

/** Milliseconds since 1970 of a time in Optuna's tables; undefined where there is none. */
export function timeOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const at = Date.parse(`${text.replace(' ', 'T')}Z`)
  return Number.isNaN(at) ? undefined : at
}
