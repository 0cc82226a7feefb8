import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { counted } from '../core/options.ts'
import { resultsOfRecorded } from '../results/recorded/read-recorded.ts'
import type { Command } from './command.ts'
import { asError, TroupeError } from '../errors.ts'
import { jsonText, trialJson } from './json.ts'
import { readKept, withStore } from './kept.ts'
import { EXIT } from './shell.ts'
import { UsageError } from './usage-error.ts'
import { Page } from './page.ts'

/** Writes all trials out, for other programs. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'write out all trials, as CSV or as lines of JSON',
  operands: ['STUDY'],
  options: ['storage', 'csv', 'json', 'output'],
  about: [
    'CSV has a line for each trial: what it was, its configuration by path below config/, and its last report. JSON has a line for each trial too, with all its reports.',
  ],
  examples: [
    'troupe export train --csv > train.csv',
    'troupe export train --json --output train.jsonl --storage sqlite:///runs.db',
  ],
  run: (call) =>
    withStore(call, async (store) => {
      const { operands, options, shell } = call
      if ((options.csv === true) === (options.json === true)) {
        throw new UsageError('troupe export needs one of --csv and --json.')
      }
      const { recorded } = await readKept(store, operands[0] as string)
      const results = resultsOfRecorded(recorded)
      const text =
        options.csv === true
          ? results.toCSV()
          : [...results].map((trial) => `${jsonText(trialJson(trial, { withHistory: true }), 0)}\n`).join('')
      if (options.output === undefined) {
        shell.stdout.write(text)
        return EXIT.done
      }
      await writeTo(resolve(shell.cwd, options.output), text)
      new Page(shell, shell.stderr).print(`Wrote ${counted(results.length, 'trial')} to ${options.output}.`)
      return EXIT.done
    }),
}

async function writeTo(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (cause) {
    throw new TroupeError(
      'output',
      `${path} cannot be written: ${asError(cause).message}. Give another --output, or none to print it.`,
      { cause },
    )
  }
}
