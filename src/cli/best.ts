import { NoResultError } from '../errors.ts'
import { resultsOfRecorded } from '../results/recorded/read-recorded.ts'
import { leavesOf } from '../results/paths.ts'
import type { Result } from '../results/result.ts'
import { formatValue, plainText } from '../results/text.ts'
import type { Command } from './command.ts'
import { jsonText, trialJson } from './json.ts'
import { readKept, withStore } from './kept.ts'
import { bestLines } from '../terminal/status.ts'
import { Page } from './page.ts'
import { EXIT } from './shell.ts'
import { trialTable } from './trial-table.ts'

/** Prints the best configuration. */
export const bestCommand: Command = {
  name: 'best',
  summary: 'print the best trial and its configuration; of several objectives the Pareto front',
  operands: ['STUDY'],
  options: ['storage', 'json'],
  about: ['With --json it is the trial as data, or an array of those in the front.'],
  examples: [
    'troupe best train --storage sqlite:///runs.db',
    'troupe best train --json | jq .config > best.json',
  ],
  run: (call) =>
    withStore(call, async (store) => {
      const { operands, options, shell } = call
      const { recorded } = await readKept(store, operands[0] as string)
      const results = resultsOfRecorded(recorded)
      const page = new Page(shell, shell.stdout)
      const isMany = recorded.objectives.length > 1
      const front: readonly Result[] = isMany ? results.paretoFront() : [results.getBestResult()]
      if (front.length === 0)
        throw new NoResultError('There is no best result: no trial has a value of every objective.')
      if (options.json === true) {
        const all = front.map((result) => trialJson(result, { withHistory: false }))
        page.print(jsonText(isMany ? all : all[0]))
      } else if (isMany) {
        page.print(`Pareto front: ${front.length} of ${results.length} trials`, '')
        page.table(trialTable(recorded, front))
      } else {
        const { best, ...trial } = results.getBestResult()
        const iteration = best.iteration ?? trial.iteration
        page.print(...bestLines({ ...trial, ...best, iteration, params: {} }, page.width, page.paint))
        page.print('')
        page.facts(
          [...leavesOf(trial.config)].map(
            ([path, leaf]) =>
              [plainText(path), typeof leaf === 'number' ? String(leaf) : formatValue(leaf)] as const,
          ),
        )
      }
      return EXIT.done
    }),
}
