import { rmSync } from 'node:fs'

// tsc removes nothing, so that a file renamed in the sources would be published under both names.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
