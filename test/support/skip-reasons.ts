import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Says at the end which tests were skipped and why: the reason that they gave, or their suite, whose name says it. */
export default class SkipReasons implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>()
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const why = `${module.relativeModuleId}: ${reasonOf(test)}`
        counts.set(why, (counts.get(why) ?? 0) + 1)
      }
    for (const [why, count] of counts) console.log(`skipped ${count}: ${why}`)
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  const suite = test.fullName.split(' > ').slice(0, -1).join(' > ')
  return note ?? (suite === '' ? test.name : suite)
}
