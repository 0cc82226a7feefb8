/**
 * `npm run chaos -- --kills 200 --seed 1`: kills an experiment at random moments, as `kill -9` does, with each store and
 * durability, and looks into what was kept after each. One JSON object a line; exit code 1 when a promise was broken.
 */
import { parseArgs } from 'node:util'
import { randomStream } from '../../src/random/random.ts'
import { JOURNAL, SQLITE } from './kept.ts'
import { killAgain } from './kill-again.ts'
import { prepareVictim } from './victim-program.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
})
const kills = Number(values.kills)
const random = randomStream(values.seed)
const combinations = [SQLITE, JOURNAL].flatMap((store) =>
  (['report', 'trial', 'interval'] as const).map((durability) => ({ store, durability })),
)

const { program, folder, remove } = await prepareVictim()
let isBroken = false
for (const [i, { store, durability }] of combinations.entries()) {
  // All of them together make up the number.
  const share =
    Math.floor(((i + 1) * kills) / combinations.length) - Math.floor((i * kills) / combinations.length)
  const counts = await killAgain({
    store,
    durability,
    kills: share,
    random: random.fork(`${store.name}/${durability}`),
    program,
    folder,
  })
  console.log(JSON.stringify(counts))
  if (counts.problems.length > 0 || counts.kills < share) isBroken = true
}
// What was left is there to be looked into.
if (!isBroken) await remove()
process.exitCode = isBroken ? 1 : 0
