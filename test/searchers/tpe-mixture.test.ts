import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logGaussMass } from '../../src/math/normal.ts'
import { truncatedNormalLogPdf } from '../../src/math/truncated-normal.ts'
import { randomStream } from '../../src/random/random.ts'
import { type Axis, axisOf } from '../../src/searchers/tpe/axis.ts'
import { weighByAge } from '../../src/searchers/tpe/defaults.ts'
import { ParzenMixture } from '../../src/searchers/tpe/parzen-mixture.ts'
import { toScale } from '../../src/space/axis.ts'
import { choice, ordinal } from '../../src/space/choices.ts'
import { contains } from '../../src/space/encoding.ts'
import { drawOf } from '../../src/space/draw.ts'
import { lograndint, randint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, reverseLoguniform, uniform } from '../../src/space/numbers.ts'
import type { Domain } from '../../src/space/space.ts'

const DOMAINS: readonly Domain[] = [
  uniform(-5, 10),
  loguniform(1e-5, 1),
  reverseLoguniform(0, 0.999),
  quniform(0, 1, 0.25),
  randint(1, 13),
  randint(0, 1_000_000),
  lograndint(1, 513),
  randn(3, 0.1),
  choice(['a', 'b', 'c']),
  ordinal([16, 32, 64]),
]

const OPTIONS = { priorWeight: 1, considerMagicClip: true, considerEndpoints: false, weigh: weighByAge }

function axisOfDomain(domain: Domain): Axis {
  return axisOf(domain) as Axis
}

/** The density by its formula alone, kernel by kernel. */
function plainLogPdf(mixture: ParzenMixture, values: readonly number[]): number {
  const logs = Array.from(mixture.weights(), Math.log)
  mixture.axes.forEach((axis, j) => {
    const value = values[j] as number
    if (axis.kind === 'choice') {
      mixture.probabilities(j).forEach((row, k) => add(logs, k, Math.log(row[value] as number)))
      return
    }
    const { mus, sigmas } = mixture.bandwidths(j)
    const at = (x: number, k: number): number =>
      (toScale(axis.scale, x) - (mus[k] as number)) / (sigmas[k] as number)
    mus.forEach((mu, k) => {
      const sigma = sigmas[k] as number
      const [a, b] = [(axis.low - mu) / sigma, (axis.high - mu) / sigma]
      if (axis.step === 0) add(logs, k, truncatedNormalLogPdf(at(value, k), a, b) - Math.log(sigma))
      else {
        const mass = logGaussMass(at(value - axis.step / 2, k), at(value + axis.step / 2, k))
        add(logs, k, mass - logGaussMass(a, b))
      }
    })
  })
  const largest = Math.max(...logs)
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0))
}

function add(logs: number[], k: number, log: number): void {
  logs[k] = (logs[k] as number) + log
}

/** Draws around one place of the domain, or anywhere. */
function drawer(domains: readonly Domain[], seed: string): () => number[] {
  const random = randomStream(seed)
  const draws = domains.map((domain) => drawOf(domain))
  return () =>
    domains.map((domain, j) => axisOfDomain(domain).read((draws[j] as (r: typeof random) => unknown)(random)))
}

const mixtures = fc.record({
  domains: fc.array(fc.constantFrom(...DOMAINS), { minLength: 1, maxLength: 4 }),
  seed: fc.string(),
  // Past 98 observations the floor under bandwidths stands still, and past 256 there are several blocks.
  count: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 90, max: 600 })),
  removed: fc.integer({ min: 0, max: 60 }),
})

describe("TPE's mixture", () => {
  it('gives the density of the plain formula, whatever it leaves out', () => {
    fc.assert(
      fc.property(mixtures, ({ domains, seed, count }) => {
        const draw = drawer(domains, seed)
        const mixture = new ParzenMixture(domains.map(axisOfDomain), OPTIONS)
        for (let number = 0; number < count; number++) mixture.add(number, draw())
        for (let i = 0; i < 5; i++) {
          const values = draw()
          expect(Math.abs(mixture.logPdf(values) - plainLogPdf(mixture, values))).toBeLessThan(1e-9)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is the same after trials came and went as one made of those that stayed', () => {
    fc.assert(
      fc.property(mixtures, ({ domains, seed, count, removed }) => {
        const draw = drawer(domains, seed)
        const random = randomStream(`${seed}/order`)
        const axes = domains.map(axisOfDomain)
        const grown = new ParzenMixture(axes, OPTIONS)
        const rows = Array.from({ length: count + removed }, (_, number) => ({ number, values: draw() }))
        const gone = new Set(random.shuffle(rows.map(({ number }) => number)).slice(0, removed))
        for (const { number, values } of random.shuffle([...rows])) grown.add(number, values)
        grown.logPdf(draw())
        for (const number of gone) grown.remove(number)
        const fresh = new ParzenMixture(axes, OPTIONS)
        for (const { number, values } of rows) if (!gone.has(number)) fresh.add(number, values)
        expect(grown.size).toBe(fresh.size)
        expect(grown.weights()).toEqual(fresh.weights())
        axes.forEach((axis, j) => {
          if (axis.kind === 'numeric') expect(grown.bandwidths(j)).toEqual(fresh.bandwidths(j))
          else expect(grown.probabilities(j)).toEqual(fresh.probabilities(j))
        })
        const values = draw()
        expect(Math.abs(grown.logPdf(values) - fresh.logPdf(values))).toBeLessThan(1e-9)
      }),
      { numRuns: 40 },
    )
  })

  it('is the same after each of many changes, also those that leave the number of trials as it was', () => {
    const changes = fc.array(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 }), { maxLength: 15 })
    fc.assert(
      fc.property(mixtures, changes, ({ domains, seed }, batches) => {
        const draw = drawer(domains, seed)
        const axes = domains.map(axisOfDomain)
        const values = Array.from({ length: 13 }, draw)
        const changed = new ParzenMixture(axes, OPTIONS)
        const held = new Set<number>()
        for (const batch of batches) {
          for (const number of batch) {
            if (held.delete(number)) changed.remove(number)
            else {
              held.add(number)
              changed.add(number, values[number] as number[])
            }
          }
          const fresh = new ParzenMixture(axes, OPTIONS)
          for (const number of held) fresh.add(number, values[number] as number[])
          axes.forEach((axis, j) => {
            if (axis.kind === 'numeric') expect(changed.bandwidths(j)).toEqual(fresh.bandwidths(j))
          })
          const point = draw()
          expect(Math.abs(changed.logPdf(point) - fresh.logPdf(point))).toBeLessThan(1e-9)
        }
      }),
    )
  })

  it('gives points along one axis after another the densities that each has alone', () => {
    fc.assert(
      fc.property(mixtures, ({ domains, seed, count }) => {
        const draw = drawer(domains, seed)
        const mixture = new ParzenMixture(domains.map(axisOfDomain), OPTIONS)
        for (let number = 0; number < count; number++) mixture.add(number, draw())
        const values = draw()
        // Axes that are left out keep their value.
        const along = domains.map((_, j) => j).filter((j) => (count + j) % 3 !== 0)
        const scan = mixture.scan(values, along)
        for (const j of along) {
          const alternatives = Array.from({ length: 5 }, () => draw()[j] as number)
          scan.logPdfs(alternatives).forEach((log, i) => {
            expect(Math.abs(log - mixture.logPdf(values.with(j, alternatives[i] as number)))).toBeLessThan(
              1e-9,
            )
          })
          values[j] = alternatives[0] as number
          scan.pass(values[j])
        }
      }),
      { numRuns: 60 },
    )
  })

  it('grows a density from the prior up, and may stop where it is enough', () => {
    const draw = drawer([uniform(0, 1), uniform(0, 1)], 'early')
    const mixture = new ParzenMixture([axisOfDomain(uniform(0, 1)), axisOfDomain(uniform(0, 1))], OPTIONS)
    for (let number = 0; number < 2000; number++) mixture.add(number, draw())
    for (let i = 0; i < 20; i++) {
      const values = draw()
      const exact = mixture.logPdf(values)
      const bound = mixture.density(values).upTo(exact - 1)
      expect(bound).toBeGreaterThan(exact - 1)
      expect(bound).toBeLessThanOrEqual(exact + 1e-12)
      expect(mixture.density(values).upTo(exact + 1)).toBe(exact)
    }
  })

  it('draws points of the domain, as often as its density says', () => {
    const mixture = new ParzenMixture(DOMAINS.map(axisOfDomain), OPTIONS)
    const draw = drawer(DOMAINS, 'observations')
    for (let number = 0; number < 50; number++) mixture.add(number, draw())
    const random = randomStream('samples')
    const c = DOMAINS.findIndex((domain) => domain.kind === 'categorical')
    const counts = [0, 0, 0]
    for (let i = 0; i < 3000; i++) {
      const values = mixture.sample(random)
      DOMAINS.forEach((domain, j) =>
        expect(contains(domain, axisOfDomain(domain).write(values[j] as number))).toBe(true),
      )
      const at = values[c] as number
      counts[at] = (counts[at] as number) + 1
    }
    const weights = mixture.weights()
    for (const at of [0, 1, 2]) {
      const expected = mixture
        .probabilities(c)
        .reduce((sum, row, k) => sum + (weights[k] as number) * (row[at] as number), 0)
      expect(Math.abs((counts[at] as number) / 3000 - expected)).toBeLessThan(0.04)
    }
  })

  it('survives values at the ends and far outside of a moved domain', () => {
    const domain = uniform(0, 1)
    const axis = axisOfDomain(domain)
    expect(axis.read(1.9)).toBe(1.9)
    expect(axis.read(2.1)).toBeNaN()
    expect(axis.read('high')).toBeNaN()
    const mixture = new ParzenMixture([axis], OPTIONS)
    ;[0, 1, -1, 2, 0, 0].forEach((value, number) => mixture.add(number, [value]))
    for (const x of [0, 0.5, 1]) expect(Number.isFinite(mixture.logPdf([x]))).toBe(true)
    const random = randomStream('ends')
    for (let i = 0; i < 100; i++) expect(contains(domain, mixture.sample(random)[0])).toBe(true)
  })
})
