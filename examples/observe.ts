// Watches an experiment from outside while it runs: its state, its events, and the messages between its actors.
//
//   npm run example examples/observe.ts [FILE.svg]
//
// Writes the life of every trial as a drawing to FILE.svg, by default into the folder for temporary files.
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asha, loguniform, Tuner } from 'troupe'

const tuner = new Tuner(
  async function train(config, trial) {
    if (trial.number === 3 && trial.attempt === 1) throw new Error('out of memory')
    for (let epoch = 1; epoch <= 9; epoch++) {
      await trial.sleep(40 + 40 * trial.random())
      await trial.report({ loss: Math.log10(config.lr / 0.01) ** 2 + 1 / epoch })
    }
  },
  {
    paramSpace: { lr: loguniform(1e-4, 1) },
    metric: 'loss',
    mode: 'min',
    numSamples: 12,
    maxConcurrentTrials: 4,
    scheduler: asha({ maxT: 9, reductionFactor: 3 }),
    failure: { maxFailures: 1, backoffMs: 200 },
    seed: 3,
  },
)

// Every state that a trial's machine takes, as it happens, and why.
tuner.on('trial.transition', ({ trial, from, to, cause, at }) => {
  const time = `${at.toFixed(0)} ms`.padStart(8)
  console.log(`${time}  ${trial.name}  ${from.padEnd(8)} → ${to.padEnd(10)}  ${cause}`)
})
tuner.on('trial.error', ({ trial, error }) => console.log(`${trial.name} failed: ${error.message}`))
tuner.on('trial.retry', ({ trial, error }) => console.log(`${trial.name} is tried again: ${error.message}`))

// The whole state, at most ten times a second: one letter a trial.
tuner.subscribe(({ elapsedMs, trials, best }) => {
  const states = trials.map(({ status }) => status[0]).join('')
  console.log(
    `${elapsedMs.toFixed(0)} ms`.padStart(8),
    ` [${states}]`,
    `best loss ${best?.value.toFixed(3) ?? '–'}`,
  )
})

// XState's own protocol, for its inspector and other tools; it may be attached at any time.
const actors = new Set<string>()
let messageCount = 0
const detach = tuner.inspect((event) => {
  actors.add(event.actorRef.sessionId)
  if (event.type === '@xstate.event') messageCount++
})

// A trial can be steered from outside as well: this one pauses at its next report.
tuner.once('trial.report', ({ trial }) => {
  tuner.pauseTrial(trial.id)
  setTimeout(() => tuner.resumeTrial(trial.id), 400)
})

const results = await tuner.fit()
detach()
console.log(`\n${actors.size} actors exchanged ${messageCount} messages.\n`)
console.log(results.timeline().toText())

const file = process.argv[2] ?? join(tmpdir(), 'troupe-timeline.svg')
writeFileSync(file, results.timeline().toSVG())
console.log(`\nThe same as a drawing: ${file}`)
