import { writeSync } from 'node:fs'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'

// Puts content of one letter under one key again and again, each time of another, and says each that is kept. With
// 'stuck' the second content never ends.
const [folder = '', manner] = process.argv.slice(2)

const checkpoints = fileCheckpoints({ folder })
const SIZE = 300_000

async function* content(letter: number) {
  yield new Uint8Array(SIZE).fill(letter)
  if (manner !== 'stuck' || letter === 1) return
  writeSync(1, 'stuck\n')
  await new Promise((resolve) => setTimeout(resolve, 1e9))
}

for (let letter = 1; ; letter = (letter % 250) + 1) {
  await checkpoints.put('demo/trial-0/000001-1', content(letter))
  writeSync(1, `${letter}\n`)
}
