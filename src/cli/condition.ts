import type { TrialState } from '../core/trial.ts'
import { formatElapsed } from '../results/text.ts'
import type { Style } from '../terminal/style.ts'
import type { Kept } from './kept.ts'

/** How things stand with an experiment or a study, in a word and in words. */
export interface Condition {
  readonly word: 'running' | 'finished' | 'failed' | 'interrupted' | 'cut off' | 'open'
  /** What there is to say besides. */
  readonly text: string | undefined
  readonly style: Style
  /** Whether it can be carried on. */
  readonly isResumable: boolean
}

/** How things stand. */
export function conditionOf({ recorded, holder, knowsHolders }: Kept): Condition {
  const { kind, endedBy, trials } = recorded
  const interrupted = trials.some(({ state }) => state === 'interrupted')
  if (kind === 'study') {
    const isRunning = trials.some(({ state }) => state === 'running')
    return isRunning
      ? { word: 'running', text: holder, style: 'cyan', isResumable: false }
      : {
          word: 'open',
          text: 'a study goes on for as long as it is asked',
          style: 'green',
          isResumable: false,
        }
  }
  switch (endedBy) {
    case 'finished':
    case 'stopper':
      return {
        word: 'finished',
        text: endedBy === 'stopper' ? 'ended by a stopper' : undefined,
        style: 'green',
        isResumable: interrupted,
      }
    case 'timeBudget':
      return { word: 'interrupted', text: 'its time was up', style: 'yellow', isResumable: true }
    case 'stop':
    case 'signal':
      return { word: 'interrupted', text: 'it was told to stop', style: 'yellow', isResumable: true }
    case 'failFast':
      return { word: 'failed', text: 'ended by its first failure', style: 'red', isResumable: true }
    case 'error':
      return { word: 'failed', text: 'it could not go on', style: 'red', isResumable: true }
    default:
      return unended(holder, knowsHolders)
  }
}

function unended(holder: string | undefined, knowsHolders: boolean): Condition {
  if (holder !== undefined)
    return { word: 'running', text: `by ${holder}`, style: 'cyan', isResumable: false }
  if (knowsHolders)
    return { word: 'cut off', text: 'its process ended without a word', style: 'yellow', isResumable: true }
  return {
    word: 'running',
    text: 'or its process ended without a word',
    style: 'cyan',
    isResumable: true,
  }
}

const ORDER: readonly TrialState[] = [
  'running',
  'paused',
  'waiting',
  'completed',
  'pruned',
  'failed',
  'interrupted',
]

/** How many trials are in each state, those that there are. */
export function countByState(
  trials: readonly { readonly state: TrialState }[],
): readonly (readonly [state: TrialState, count: number])[] {
  const counts = new Map<TrialState, number>()
  for (const { state } of trials) counts.set(state, (counts.get(state) ?? 0) + 1)
  return ORDER.flatMap((state) => {
    const count = counts.get(state)
    return count === undefined ? [] : [[state, count] as const]
  })
}

/** The same in words: `90 completed, 10 failed`. */
export function countWords(trials: readonly { readonly state: TrialState }[]): string {
  return countByState(trials)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
}

/** How long it has gone on, on its own clock. */
export function elapsedWords({ recorded, holder }: Kept, now: number): string {
  const { lastAt, clock } = recorded
  // While it runs its clock does too.
  const isLive = holder !== undefined
  return formatElapsed(isLive ? Math.max(lastAt, clock.atWall(now) ?? 0) : lastAt)
}

/** A moment as people write it, in this machine's time: `2026-11-24 14:02:11`. */
export function clockWords(time: number): string {
  const date = new Date(time)
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
