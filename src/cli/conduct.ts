import { ExperimentError, StorageError, TroupeError } from '../errors.ts'
import type { Results } from '../results/results.ts'
import { firstLine } from '../results/text.ts'
import type { Tuner } from '../tuner/tuner.ts'
import type { Call } from './command.ts'
import { countWords } from './condition.ts'
import { Interruption } from './interruption.ts'
import { jsonText } from './json.ts'
import { type Place, retypedAt, takenWords, wayOn } from './place.ts'
import { leadersOf } from './leading.ts'
import { Page } from './page.ts'
import { EXIT } from './shell.ts'

/**
 * Runs an experiment to its end, or to where it is interrupted, and says what came of it.
 * @param keptIn - Where it was kept, asked at the end; undefined when that is nowhere that the command line could find.
 * @returns The exit code.
 */
export async function conduct(
  tuner: Tuner<unknown>,
  keptIn: () => Place | undefined,
  { shell, operands }: Call,
): Promise<number> {
  const { name } = tuner.getSnapshot()
  const page = new Page(shell, shell.stdout)
  const interruption = new Interruption(tuner, shell)
  try {
    const results = await tuner.fit()
    const place = keptIn()
    printOutcome(page, results)
    if (place !== undefined)
      page.print(`${keptWords(name, place)} See it with  ${retypedAt(place, ['show', name])}`)
    if (interruption.happened) {
      page.print(`${interruptedWords(results)} ${await wayOn(name, place)}`)
      return EXIT.interrupted
    }
    throwIfAllFailed(results)
    return EXIT.done
  } catch (error) {
    const place = keptIn()
    if (!(error instanceof ExperimentError) || place === undefined) throw error
    const { cause } = error
    if (cause instanceof StorageError && cause.code === 'nameTaken')
      throw new StorageError('nameTaken', await takenWords(name, place, operands), { cause: error })
    // Its results are kept, and so is the way on.
    if (error.code !== 'storage') page.print(`${keptWords(name, place)} ${await wayOn(name, place)}`)
    throw error
  } finally {
    interruption.close()
  }
}

function printOutcome(page: Page, results: Results): void {
  const [best, second] = leadersOf(results, results)
  page.print('')
  if (second !== undefined) {
    page.print(`Pareto front: ${results.paretoFront().length} of ${results.length} trials`)
  } else if (best !== undefined) page.print(`Best configuration: ${jsonText(best.config, 0)}`)
}

function keptWords(name: string, { store }: Place): string {
  return `Kept as ${name} in ${store.url ?? store.name}.`
}

function interruptedWords(results: Results): string {
  const counts = countWords([...results])
  return `Interrupted${counts === '' ? '' : ` (${counts})`}.`
}

function throwIfAllFailed(results: Results): void {
  const [first] = results.errors
  if (first === undefined || results.errors.length < results.length) return
  const all = results.length === 1 ? 'the only trial' : `all ${results.length} trials`
  throw new TroupeError('allFailed', `${all} failed. ${firstLine(first.message)}`, { cause: first.cause })
}
