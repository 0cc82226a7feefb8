import { type Fixture, type FixtureCase, fixtureFiles, isFixtureCase, readFixture } from './fixture.ts'
import { HANDLERS } from './handlers.ts'

// Records what numpy happens to give; no port need agree.
const OBSERVED_ONLY = 'rank-nan-observed'

/** Where lines go. */
export interface Console {
  log(line: string): void
  error(line: string): void
}

/**
 * Runs all cases of the fixtures that the paths name. Prints one line for each that fails, and how many passed last.
 * What cannot be run or read, or is no fixture, counts as failed.
 * @returns The exit code: 0 when all passed, 1 when a case failed, 2 when a path cannot be used.
 */
export function conform(paths: readonly string[], console: Console): number {
  const files = new Set<string>()
  const counts = { passed: 0, failed: 0 }
  let isUsable = true
  for (const path of paths) {
    try {
      for (const file of fixtureFiles(path)) files.add(file)
    } catch (error) {
      console.error(`${path} cannot be read (${String(error)}). Name a fixture file or a folder that exists.`)
      counts.failed++
      isUsable = false
    }
  }
  if (files.size === 0 && isUsable) {
    const named = paths.length === 0 ? 'No path is given.' : `No .json file is below ${paths.join(', ')}.`
    console.error(`${named} Name a fixture file or a folder: npm run conformance -- test/fixtures/schedulers`)
    isUsable = false
  }
  for (const file of files) {
    for (const { where, problem } of resultsOf(file)) {
      if (problem === OBSERVED_ONLY) console.log(`${where}: reported, not counted`)
      else if (problem === undefined) counts.passed++
      else {
        counts.failed++
        // One line a case, whatever the problem's text holds.
        console.log(`${where}: ${problem.replaceAll('\n', ' ')}`)
      }
    }
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  if (!isUsable) return 2
  return counts.failed === 0 ? 0 : 1
}

interface Result {
  readonly where: string
  /** Undefined when the case passed. */
  readonly problem: string | undefined
}

function resultsOf(file: string): Result[] {
  const fixture = readFixture(file)
  if (typeof fixture === 'string') return [{ where: file, problem: fixture }]
  return fixture.cases.map((testCase, index) =>
    isFixtureCase(testCase)
      ? { where: `${file}: ${testCase.name}`, problem: problemOf(testCase, fixture) }
      : { where: `${file}: case ${index}`, problem: 'no fixture case: it has no name' },
  )
}

function problemOf(testCase: FixtureCase, { source, tolerance }: Fixture): string | undefined {
  if (testCase.kind === OBSERVED_ONLY) return OBSERVED_ONLY
  const handler = HANDLERS.find((candidate) => candidate.source.test(source))
  if (handler === undefined) return `cannot be run yet: there is no handler for ${source}`
  try {
    return handler.run(testCase, tolerance)
  } catch (error) {
    return `threw ${String(error)}`
  }
}
