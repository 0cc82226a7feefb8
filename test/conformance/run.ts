/**
 * `npm run conformance -- PATH…` checks Troupe against answers recorded from Ray Tune and Optuna: files, or folders
 * of `.json` files, in the formats of `test/fixtures`.
 */
import { conform } from './conform.ts'

process.exitCode = conform(process.argv.slice(2), console)
