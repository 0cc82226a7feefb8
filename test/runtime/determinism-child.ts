import { goldenRun } from './determinism-golden.ts'
import { forms, runScenario } from './determinism-scenario.ts'

// A process of its own: `determinism-child.ts FORM` runs the scenario in that form, `determinism-child.ts golden` the
// experiment whose hashes are pinned. Prints the hash of the trace.

const what = process.argv[2] as keyof typeof forms | 'golden'
const { hash } = what === 'golden' ? await goldenRun() : await runScenario(forms[what]())
console.log(hash)
