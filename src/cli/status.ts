import type { TrialRecord } from '../core/trial.ts'
import { counted } from '../core/options.ts'
import { resultsOfRecorded } from '../results/recorded/read-recorded.ts'
import { formatDuration, plainText } from '../results/text.ts'
import { bestLines } from '../terminal/status.ts'
import type { Command } from './command.ts'
import { clockWords, conditionOf, countWords, elapsedWords } from './condition.ts'
import { jsonText, keptJson } from './json.ts'
import { type Kept, readKept, withStore } from './kept.ts'
import { leadersOf } from './leading.ts'
import { Page } from './page.ts'
import { retyped } from './retyped.ts'
import { EXIT } from './shell.ts'

/** Says how things stand with one experiment or study. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'say how things stand: what runs, what has ended, what is best',
  operands: ['STUDY'],
  options: ['storage', 'json'],
  examples: ['troupe status train --storage sqlite:///runs.db', 'watch troupe status train'],
  run: (call) =>
    withStore(call, async (store) => {
      const { operands, options, shell } = call
      const kept = await readKept(store, operands[0] as string)
      const page = new Page(shell, shell.stdout)
      if (options.json === true) {
        page.print(jsonText(keptJson(kept, resultsOfRecorded(kept.recorded))))
        return EXIT.done
      }
      printStatus(page, kept, shell.now())
      if (conditionOf(kept).isResumable) {
        page.print('', `Carry it on with  ${retyped(['resume', kept.recorded.name], options)}`)
      }
      return EXIT.done
    }),
}

function printStatus(page: Page, kept: Kept, now: number): void {
  const { recorded, store } = kept
  const { name, kind, searcher, scheduler, trials, trialCount, startedAt, objectives, clock, lastAt } =
    recorded
  const { word, text, style } = conditionOf(kept)
  // What others put beside an experiment is none of those that it is to have.
  const isOwn = ({ source }: TrialRecord): boolean => kind === 'study' || source !== 'imported'
  const own = trials.filter(isOwn)
  const foreign = trials.filter((trial) => !isOwn(trial))
  const running = trials.filter(({ state }) => state === 'running')
  const total = trialCount !== undefined && trialCount !== Infinity ? ` of ${trialCount}` : ''
  const results = resultsOfRecorded(recorded)
  page.print(page.paint('bold', plainText(name)))
  page.facts([
    ['Status', text === undefined ? word : `${word}, ${text}`, style],
    ['Kept in', store.url],
    ['Started', startedAt === undefined ? undefined : agoWords(startedAt, now)],
    ['Resumed', resumedWords(recorded, now)],
    [
      kind === 'study' ? 'Last word' : 'Ran for',
      kind === 'study' ? agoWords(clock.wallAt(lastAt) ?? lastAt, now) : elapsedWords(kept, now),
    ],
    ['Objective', objectives.map(({ metric, mode }) => `${mode} ${plainText(metric)}`).join(', ')],
    ['Searcher', searcher],
    ['Scheduler', scheduler],
    ['Trials', own.length === 0 ? 'none' : `${own.length}${total}: ${countWords(own)}`],
    ['Of others', foreign.length === 0 ? undefined : `${foreign.length}: ${countWords(foreign)}`],
    ['Running', running.length === 0 ? undefined : running.map((trial) => plainText(trial.name)).join(', ')],
  ])
  const leaders = leadersOf(results, recorded)
  if (leaders.length > 0) page.print('')
  for (const { best, ...leader } of leaders) {
    const title = objectives.length === 1 ? 'Best trial' : `Best ${best.metric} (${best.mode})`
    const winner = { ...leader, ...best, iteration: best.iteration ?? leader.iteration }
    page.print(...bestLines(winner, page.width, page.paint, title))
  }
  if (objectives.length > 1) {
    page.print(`${counted(results.paretoFront().length, 'trial')} in the Pareto front.`)
  }
}

function resumedWords({ resumptions, startedAt, clock }: Kept['recorded'], now: number): string | undefined {
  if (resumptions === 0) return undefined
  const count = resumptions === 1 ? 'once' : `${resumptions} times`
  const { lastStart = startedAt } = clock
  // Where it is not known, what it says is that of the first start.
  return lastStart === undefined || lastStart === startedAt
    ? count
    : `${count}, last ${agoWords(lastStart, now)}`
}

function agoWords(time: number, now: number): string {
  return `${clockWords(time)} (${formatDuration(Math.max(0, now - time))} ago)`
}
