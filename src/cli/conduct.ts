import { ExperimentError, TroupeError } from '../errors.ts'
import type { Results } from '../results/results.ts'
import { firstLine } from '../results/text.ts'
import type { Store } from '../stores/store.ts'
import type { Tuner } from '../tuner/tuner.ts'
import type { Call } from './command.ts'
import { countWords } from './condition.ts'
import { Interruption } from './interruption.ts'
import { jsonText } from './json.ts'
import { leadersOf } from './leading.ts'
import { Page } from './page.ts'
import { retyped } from './retyped.ts'
import { EXIT } from './shell.ts'

/**
 * Runs an experiment to its end, or to where it is interrupted, and says what came of it.
 * @param keptIn - Where it was kept, asked at the end; undefined when that is not known here.
 * @returns The exit code.
 */
export async function conduct(
  tuner: Tuner<unknown>,
  keptIn: () => Store | undefined,
  { shell, options }: Call,
): Promise<number> {
  const { name } = tuner.getSnapshot()
  const page = new Page(shell, shell.stdout)
  const interruption = new Interruption(tuner, shell)
  const again = retyped(['resume', name], options)
  try {
    const results = await tuner.fit()
    const store = keptIn()
    printOutcome(page, results)
    if (store !== undefined) {
      const show = retyped(['show', name], options)
      page.print(`Kept as ${name} in ${store.url ?? store.name}. See it with  ${show}`)
    }
    if (interruption.happened) {
      page.print(interruptedLine(results, store === undefined ? undefined : again))
      return EXIT.interrupted
    }
    throwIfAllFailed(results)
    return EXIT.done
  } catch (error) {
    // Its results are kept, and so is the way on.
    const store = keptIn()
    if (error instanceof ExperimentError && store !== undefined && error.code !== 'storage') {
      page.print(
        `Kept as ${name} in ${store.url ?? store.name}. When that is mended, carry it on with  ${again}`,
      )
    }
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

function interruptedLine(results: Results, again: string | undefined): string {
  const counts = countWords([...results])
  const way =
    again === undefined ? 'Without a storage it cannot be carried on.' : `Carry it on with  ${again}`
  return `Interrupted${counts === '' ? '' : ` (${counts})`}. ${way}`
}

function throwIfAllFailed(results: Results): void {
  const [first] = results.errors
  if (first === undefined || results.errors.length < results.length) return
  const all = results.length === 1 ? 'the only trial' : `all ${results.length} trials`
  throw new TroupeError('allFailed', `${all} failed. ${firstLine(first.message)}`, { cause: first.cause })
}
