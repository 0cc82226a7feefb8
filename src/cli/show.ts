import { resultsOfRecorded } from '../results/recorded/read-recorded.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import type { Result } from '../results/result.ts'
import type { Results } from '../results/results.ts'
import { plainText } from '../results/text.ts'
import { TroupeError } from '../errors.ts'
import type { Command } from './command.ts'
import { countWords } from './condition.ts'
import { jsonText, trialJson } from './json.ts'
import { readKept, withStore } from './kept.ts'
import { bestFirst } from './leading.ts'
import { Page } from './page.ts'
import { readCount } from './read-arguments.ts'
import { EXIT } from './shell.ts'
import { printTrial } from './trial-page.ts'
import { trialTable } from './trial-table.ts'
import { hintFor } from './usage-error.ts'

/** Shows the trials of a study, or one of them with all that is known of it. */
export const showCommand: Command = {
  name: 'show',
  summary: 'show the trials, the best first, or one trial with its life and its reports',
  operands: ['STUDY', '[TRIAL]'],
  options: ['storage', 'limit', 'json'],
  about: [
    'TRIAL is the number, the id or the name of a trial. With several objectives trials stand in order of number.',
  ],
  examples: [
    'troupe show train --limit all',
    'troupe show train 17',
    'troupe show train --json | jq ".[] | select(.state == \\"failed\\") | .error.message"',
  ],
  run: (call) =>
    withStore(call, async (store) => {
      const { operands, options, shell } = call
      const limit = readCount('limit', options.limit)
      const { recorded } = await readKept(store, operands[0] as string)
      const results = resultsOfRecorded(recorded)
      const page = new Page(shell, shell.stdout)
      if (operands[1] !== undefined) {
        const trial = findTrial(results, operands[1], recorded)
        if (options.json === true) page.print(jsonText(trialJson(trial, { withHistory: true })))
        else printTrial(page, trial, recorded, limit ?? 20)
        return EXIT.done
      }
      const trials = bestFirst(results, recorded).slice(0, limit ?? (options.json === true ? Infinity : 20))
      if (options.json === true) {
        page.print(jsonText(trials.map((trial) => trialJson(trial, { withHistory: false }))))
      } else printTable(page, recorded, trials)
      return EXIT.done
    }),
}

function printTable(page: Page, recorded: Recorded, shown: readonly Result[]): void {
  const { trials, name } = recorded
  const head = page.paint('bold', plainText(name))
  if (trials.length === 0) return page.print(`${head}: no trials yet`)
  page.print(`${head}: ${trials.length} trials (${countWords(trials)})`, '')
  page.table(trialTable(recorded, shown))
  const left = trials.length - shown.length
  if (left > 0) page.lines([`… ${left} more; --limit all shows them`], 'faint')
}

function findTrial(results: Results, word: string, { name }: Recorded): Result {
  const found =
    (/^\d+$/.test(word) ? results.get(Number(word)) : undefined) ??
    results.get(word) ??
    [...results].find((result) => result.name === word)
  if (found !== undefined) return found
  if (results.length === 0) throw new TroupeError('notFound', `${name} has no trials yet.`)
  const numbers = `Numbers go from ${results.at(0)?.number} to ${results.at(-1)?.number}.`
  const ids = [...results].map(({ trialId }) => trialId)
  const hint =
    /^\d+$/.test(word) || ids.length > 1000
      ? numbers
      : hintFor(word, ids.slice(0, 5), `${numbers} Ids are such as`)
  throw new TroupeError('notFound', `${name} has no trial ${word}. ${hint}`)
}
