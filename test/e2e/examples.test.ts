import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '../support/sources.ts'

// Each example, run as a reader would run it: by its one command, with its output in a pipe.

const run = promisify(execFile)
const names = readdirSync(join(projectRoot, 'examples')).filter((name) => name.endsWith('.ts'))
// Another process, on a machine that is busy with other tests.
const PATIENCE = { timeout: 120_000 }

/** What an example prints. Rejects when it does not exit with 0. */
async function outputOf(name: string, ...args: readonly string[]): Promise<string> {
  const path = join(projectRoot, 'examples', name)
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@troupe/source', '--import', 'tsx', path, ...args],
    { cwd: projectRoot, env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' } },
  )
  return stdout
}

/** The number in the first line that matches, which has one group. */
function numberIn(output: string, pattern: RegExp): number {
  return Number(pattern.exec(output)?.[1])
}

describe('the examples', () => {
  it('say in their first lines what they show and how to run them', () => {
    const silent = names.filter((name) => {
      const text = readFileSync(join(projectRoot, 'examples', name), 'utf8')
      const command = name === 'digits.ts' ? 'npm start' : `npm run example examples/${name}`
      return !/^\/\/ .{20}/.test(text) || !text.includes(`\n//   ${command}`)
    })
    expect(silent).toEqual([])
  })

  it('are all run here', () => {
    expect(names.toSorted()).toEqual([
      'ask-and-tell.ts',
      'constraints.ts',
      'deterministic-test.ts',
      'digits.ts',
      'lcbench.ts',
      'multi-objective.ts',
      'observe.ts',
      'pbt.ts',
      'resume.ts',
      'tutorial.ts',
      'what-if.ts',
      'write-a-scheduler.ts',
      'write-a-searcher.ts',
    ])
  })

  it('resume: carries an experiment on that was killed twice', PATIENCE, async () => {
    const output = await outputOf('resume.ts')
    expect(output.match(/^Killed by SIGKILL after its trials had made 30 reports\.$/gm)).toHaveLength(2)
    expect(output).toMatch(/^Carried on to the end: 40 trials/m)
    expect(numberIn(output, /lr: ([\d.e-]+)/)).toBeGreaterThan(0.003)
    expect(numberIn(output, /lr: ([\d.e-]+)/)).toBeLessThan(0.03)
  })

  it(
    'digits: reads 95 of 100 digits that were kept back, and ASHA saves more than half of the work',
    PATIENCE,
    async () => {
      const output = await outputOf('digits.ts')
      expect(numberIn(output, /Accuracy on 359 digits kept back: (\S+) %/)).toBeGreaterThan(95)
      expect(numberIn(output, /ASHA saved (\d+) of 1620 epochs/)).toBeGreaterThan(810)
      expect(output).toContain('Number of trials: 60/60 (60 TERMINATED)')
      expect(output).toMatch(
        /Best hyperparameters found were: \{\s+learningRate: [\d.]+,\s+momentum: [\d.]+,/,
      )
    },
  )

  it('multi-objective: a search covers more of the trade-off than chance does', PATIENCE, async () => {
    expect(numberIn(await outputOf('multi-objective.ts'), /covered more with (\d+) of 5 seeds/)).toBe(5)
  })

  it('constraints: finds a configuration within the limits', PATIENCE, async () => {
    const output = await outputOf('constraints.ts')
    expect(numberIn(output, /Fastest within the limits: ([\d.]+)/)).toBeGreaterThan(1000)
  })

  it('tutorial: goes through all parts of the page with 1000 trials each', PATIENCE, async () => {
    const output = await outputOf('tutorial.ts')
    expect(output).toContain('1000 trials took 2500 s of virtual time.')
    const [, width, height] =
      /found were: \{\s+steps: 100,\s+width: (\S+),\s+height: (\S+),\s+activation: 'tanh'/.exec(output) ?? []
    expect(1 / (0.1 + 0.99 * Number(width)) + 0.1 * Number(height)).toBeLessThan(-9.9)
    expect(output).toMatch(/The losses of these two were: 11\.1174\d* 10\.4463\d*/)
    expect(output.match(/^Best hyperparameters (for (loss|gain) )?found were: \{$/gm)).toHaveLength(8)
  })

  it(
    'deterministic-test: the same seed gives the same hash, however slow the machine is',
    PATIENCE,
    async () => {
      const output = await outputOf('deterministic-test.ts')
      const hashes = [...output.matchAll(/\b[\da-f]{64}\b/g)].map(([hash]) => hash)
      expect(hashes).toHaveLength(3)
      expect(hashes[1]).toBe(hashes[0])
      expect(hashes[2]).not.toBe(hashes[0])
      // In another process too.
      expect(await outputOf('deterministic-test.ts')).toBe(output)
    },
  )

  it('observe: shows every trial from outside, and writes a drawing', PATIENCE, async () => {
    const file = join(tmpdir(), `troupe-observe-${process.pid}.svg`)
    try {
      const output = await outputOf('observe.ts', file)
      const steps = [...output.matchAll(/^ *\d+ ms {2}(train_\S+) +(\w+) +→ (\w+)/gm)]
      const trials = new Set(steps.map(([, trial]) => trial))
      expect(trials.size).toBe(12)
      for (const trial of trials) expect(steps.findLast(([, name]) => name === trial)?.[3]).toBe('terminated')
      expect(output).toContain('is tried again: out of memory')
      expect(output).toMatch(/running +→ paused/)
      expect(output).toMatch(/paused +→ running/)
      expect(numberIn(output, /(\d+) actors exchanged/)).toBeGreaterThanOrEqual(12)
      expect(readFileSync(file, 'utf8')).toMatch(/^<svg [\s\S]*train_[\s\S]*<\/svg>\s*$/)
    } finally {
      if (existsSync(file)) rmSync(file)
    }
  })

  it(
    'pbt: a population reads digits, and so does the schedule of its best, run again',
    PATIENCE,
    async () => {
      const output = await outputOf('pbt.ts')
      expect(numberIn(output, /Accuracy of the population on 359 digits kept back: (\S+) %/)).toBeGreaterThan(
        95,
      )
      expect(numberIn(output, /Accuracy of the replay .*?: (\S+) %/)).toBeGreaterThan(95)
      expect(output).toContain('goes on from network')
      expect(output).toContain('was trained by this schedule')
    },
  )

  it('what-if: another scheduler takes as many epochs as the replay had said', PATIENCE, async () => {
    const output = await outputOf('what-if.ts')
    const said = numberIn(output, /the replay had said (\d+)/)
    expect(said).toBeGreaterThan(0)
    expect(numberIn(output, /took (\d+) epochs/)).toBe(said)
  })

  it(
    'lcbench: early stopping finds better networks, or it says how to get what it needs',
    PATIENCE,
    async () => {
      const output = await outputOf('lcbench.ts')
      if (output.includes('npm install')) return
      const best = (method: string): number => numberIn(output, RegExp(`${method} +([\\d.]+) %`))
      expect(best('tpe with asha')).toBeGreaterThan(best('random, each to the end'))
    },
  )

  it('write-a-scheduler: a scheduler of one’s own stands all tests of the kit', PATIENCE, async () => {
    const output = await outputOf('write-a-scheduler.ts')
    expect(output).toMatch(/keeps to the laws/)
    expect(output).toMatch(/holds in all \d+ orders/)
    expect(output).toMatch(/Replayed: stopAtPlateau answers as it did/)
  })

  it('write-a-searcher: a searcher of one’s own beats random search with every seed', PATIENCE, async () => {
    const output = await outputOf('write-a-searcher.ts')
    expect(numberIn(output, /found the lower loss with (\d+) of 10 seeds/)).toBe(10)
  })

  it(
    'ask-and-tell: finds a better setting than today’s, and prunes most of the others',
    PATIENCE,
    async () => {
      const output = await outputOf('ask-and-tell.ts')
      const today = numberIn(output, /Today: +([\d.]+) degrees/)
      expect(numberIn(output, /Best: +([\d.]+) degrees/)).toBeLessThan(0.75 * today)
      expect(numberIn(output, /of which (\d+) were pruned/)).toBeGreaterThan(50)
    },
  )
})
