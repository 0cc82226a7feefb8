// A search without a Tuner: ask for a configuration, try it however you like, and tell how it went.
//
//   npm run example examples/ask-and-tell.ts
//
// Here a heating controller is tuned on a model of a cold house. Your own loop might call a laboratory instead, or
// people: a study only ever waits for what it is told.
import { asha, createStudy, loguniform } from 'troupe'

const MINUTES = 240

/** The temperature of the house, minute by minute, with a controller that follows the error and its sum. */
function* heat({ gain, integralGain }: { readonly gain: number; readonly integralGain: number }) {
  const delayed: number[] = [0, 0, 0, 0, 0]
  let [temperature, sum] = [8, 0]
  for (;;) {
    const error = 20 - temperature
    sum += error
    delayed.push(Math.min(Math.max(gain * error + integralGain * sum, 0), 10))
    // What the boiler gives arrives five minutes later; the house loses heat all the time.
    temperature += 0.1 * (delayed.shift() ?? 0) - 0.02 * (temperature - 5)
    yield temperature
  }
}

const study = await createStudy({
  paramSpace: { gain: loguniform(0.01, 100), integralGain: loguniform(1e-4, 1) },
  direction: 'minimize',
  metricNames: ['deviation'],
  // Says which trials are not worth going on with, by what they report.
  scheduler: asha({
    timeAttr: 'step',
    maxT: MINUTES,
    gracePeriod: 30,
    reductionFactor: 2,
    stopLastTrials: false,
  }),
  seed: 1,
})
// How the controller is set today goes first.
await study.enqueueTrial({ gain: 0.5, integralGain: 0.01 })

for (let i = 0; i < 100; i++) {
  const trial = await study.ask()
  let [minute, total] = [0, 0]
  for (const temperature of heat(trial.config)) {
    minute++
    total += Math.abs(20 - temperature)
    if (minute % 30 === 0) trial.report(minute, total / minute)
    if (minute === MINUTES || trial.shouldPrune()) break
  }
  await study.tell(trial, minute === MINUTES ? total / minute : { state: 'pruned' })
}

const [today] = study.trials
const pruned = study.trials.filter(({ state }) => state === 'pruned')
const { config, values } = study.bestTrial
console.log(`Today:  ${today?.values?.[0]?.toFixed(2)} degrees off on average, with`, today?.config)
console.log(`Best:   ${values?.[0]?.toFixed(2)} degrees off on average, with`, config)
console.log(`${study.trials.length} trials, of which ${pruned.length} were pruned.`)
await study.close()
