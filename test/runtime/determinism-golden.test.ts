import { describe, expect, it } from 'vitest'
import { GOLDEN, goldenRun } from './determinism-golden.ts'

const major = Number(process.versions.node.split('.')[0])
const pinned = GOLDEN[major]

describe('the golden trace', () => {
  it.skipIf(pinned === undefined)(
    pinned === undefined
      ? `has the pinned hash (skipped: none is pinned for Node ${major}, only for ${Object.keys(GOLDEN).join(', ')})`
      : `has the hash that is pinned for Node ${major}`,
    async () => {
      expect((await goldenRun()).hash).toBe(pinned)
    },
  )
})
