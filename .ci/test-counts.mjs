// test-counts.mjs REPORT [FAILED_STEP…]: prints `N passed, N failed` from the JSON report of vitest.
import { existsSync, readFileSync } from 'node:fs'

const [path, ...steps] = process.argv.slice(2)
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { testResults: [] }

const isFailed = ({ status }) => status === 'failed'
const tests = report.testResults.flatMap((file) => file.assertionResults)
// A file that cannot even be loaded has no test to fail.
const brokenFiles = report.testResults.filter(
  (file) => isFailed(file) && !file.assertionResults.some(isFailed),
)
const failedTests = tests.filter(isFailed).length + brokenFiles.length

// The step that runs the tests is counted by its tests, unless it failed in another way.
const failedSteps = steps.filter((step) => step !== 'tests' || failedTests === 0)
const passed = tests.filter(({ status }) => status === 'passed').length
console.log(`${passed} passed, ${failedTests + failedSteps.length} failed`)
