import { resultsOfRecorded } from '../results/recorded/read-recorded.ts'
import { plainText } from '../results/text.ts'
import type { Column } from '../terminal/table.ts'
import type { Command } from './command.ts'
import { clockWords, conditionOf, countWords } from './condition.ts'
import { jsonText, keptJson } from './json.ts'
import { type Kept, readKept, withStore } from './kept.ts'
import { leadersOf, leaderValues } from './leading.ts'
import { Page } from './page.ts'
import { EXIT } from './shell.ts'

/** Lists what is kept. */
export const lsCommand: Command = {
  name: 'ls',
  summary: 'list the experiments and studies that are kept',
  operands: [],
  options: ['storage', 'json'],
  examples: ['troupe ls --storage sqlite:///runs.db', 'troupe ls --json'],
  run: (call) =>
    withStore(call, async (store) => {
      const { shell, options } = call
      const page = new Page(shell, shell.stdout)
      const all: Kept[] = []
      for (const name of await store.names()) all.push(await readKept(store, name))
      if (options.json === true) {
        page.print(jsonText(all.map((kept) => keptJson(kept, resultsOfRecorded(kept.recorded)))))
      } else if (all.length === 0) {
        page.print(`Nothing is kept in ${store.url ?? 'this storage'} yet.`)
      } else page.table(columnsOf(all))
      return EXIT.done
    }),
}

function columnsOf(all: readonly Kept[]): Column[] {
  const conditions = all.map(conditionOf)
  return [
    { label: 'name', kind: 'text', rank: 0, cells: all.map(({ recorded }) => plainText(recorded.name)) },
    { label: 'kind', kind: 'text', rank: 5, cells: all.map(({ recorded }) => recorded.kind) },
    {
      label: 'status',
      kind: 'text',
      rank: 1,
      cells: conditions.map(({ word }) => word),
      style: (row) => conditions[row]?.style,
    },
    {
      label: 'trials',
      kind: 'number',
      rank: 2,
      cells: all.map(({ recorded }) => String(recorded.trials.length)),
    },
    {
      label: 'of these',
      kind: 'text',
      rank: 4,
      cells: all.map(({ recorded }) => countWords(recorded.trials)),
    },
    {
      label: 'best',
      kind: 'text',
      rank: 3,
      cells: all.map(({ recorded }) => leaderValues(leadersOf(resultsOfRecorded(recorded), recorded))),
    },
    {
      label: 'started',
      kind: 'text',
      rank: 6,
      cells: all.map(({ recorded: { startedAt } }) => (startedAt === undefined ? '' : clockWords(startedAt))),
    },
  ]
}
