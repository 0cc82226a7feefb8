// Two things to optimise at once: the trade-offs between them, and one number for how good they are.
//
//   npm run example examples/multi-objective.ts
//
// A shelf is held by a beam that sticks out of the wall by 2 m and bears 500 N at its end. It shall be cheap, and it
// shall not sag. No beam is best in both, so the answer is a front: beams of which none beats another in both.
import {
  choice,
  hypervolume,
  loguniform,
  nsga2,
  randomSearch,
  type Searcher,
  type Trial,
  uniform,
} from 'troupe'
import { simulate } from 'troupe/testing'

const MATERIALS = {
  spruce: { pascal: 11e9, kgPerM3: 450, pricePerKg: 2.5 },
  steel: { pascal: 210e9, kgPerM3: 7850, pricePerKg: 1.8 },
  aluminium: { pascal: 70e9, kgPerM3: 2700, pricePerKg: 6 },
  carbon: { pascal: 130e9, kgPerM3: 1600, pricePerKg: 40 },
}

const paramSpace = {
  material: choice(['spruce', 'steel', 'aluminium', 'carbon']),
  widthMm: loguniform(10, 100),
  heightMm: loguniform(10, 100),
  // 1 is solid, 0.05 a thin tube.
  wall: uniform(0.05, 1),
}

interface Beam {
  readonly material: keyof typeof MATERIALS
  readonly widthMm: number
  readonly heightMm: number
  readonly wall: number
}

async function build({ material, widthMm, heightMm, wall }: Beam, trial: Trial) {
  const { pascal, kgPerM3, pricePerKg } = MATERIALS[material]
  const [width, height] = [widthMm / 1000, heightMm / 1000]
  const hollow = 1 - wall
  const area = width * height * (1 - hollow ** 2)
  const momentOfArea = (width * height ** 3 * (1 - hollow ** 4)) / 12
  await trial.report({
    price: 2 * area * kgPerM3 * pricePerKg,
    sagMm: (1000 * 500 * 2 ** 3) / (3 * pascal * momentOfArea),
  })
}

// A beam that costs 100 or sags by 100 mm is no use: the volume is measured from there.
const reference = [100, 100]

function search(searcher: Searcher, seed: number) {
  return simulate({
    trainable: build,
    paramSpace,
    metric: ['price', 'sagMm'],
    mode: ['min', 'min'],
    searcher,
    numSamples: 300,
    seed,
  })
}

const { results } = await search(nsga2(), 0)
const front = results
  .paretoFront()
  .map(({ config, values = [] }) => ({ config, price: values[0] ?? NaN, sag: values[1] ?? NaN }))
  .filter(({ price, sag }) => price < 100 && sag < 100)
  .toSorted((a, b) => a.price - b.price)
console.log(`Of ${results.length} beams ${front.length} are worth building. Some of them:`)
console.log('  price   sag in mm  material   width × height, wall')
const every = Math.ceil(front.length / 10)
for (const { config, price, sag } of front.filter((_, i) => i % every === 0)) {
  const { material, widthMm, heightMm, wall } = config
  const size = `${widthMm.toFixed(0)} × ${heightMm.toFixed(0)} mm, ${(100 * wall).toFixed(0)} %`
  console.log(
    `${price.toFixed(2).padStart(7)} ${sag.toFixed(2).padStart(11)}  ${material.padEnd(9)}  ${size}`,
  )
}

console.log('\nVolume that the front covers, of at most 10000:')
console.log('seed   nsga2  randomSearch')
let wins = 0
for (let seed = 0; seed < 5; seed++) {
  const [evolved, random] = [
    (await search(nsga2(), seed)).results,
    (await search(randomSearch(), seed)).results,
  ]
  const volumes = [hypervolume(evolved, { reference }), hypervolume(random, { reference })] as const
  if (volumes[0] > volumes[1]) wins++
  console.log(String(seed).padStart(4), volumes[0].toFixed(0).padStart(7), volumes[1].toFixed(0).padStart(13))
}
console.log(`nsga2 covered more with ${wins} of 5 seeds.`)
