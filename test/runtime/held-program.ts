// A program of its own, in which nothing but `fit` keeps Node alive: its one trial is paused by the user, who resumes it
// from a timer that keeps nothing alive either. Prints what came of it, and what is left.
import { Tuner } from 'troupe'

const tuner = new Tuner(
  async (_config, trial) => {
    await trial.report({ loss: 1 })
    await trial.report({ loss: 2 })
  },
  { metric: 'loss', mode: 'min' },
)
tuner.once('trial.report', ({ trial }) => tuner.pauseTrial(trial.id))
tuner.once('trial.pause', ({ trial }) => {
  setTimeout(() => tuner.resumeTrial(trial.id), 50).unref()
})
const before = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout')
void tuner.fit().then((results) => {
  const after = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout')
  console.log(JSON.stringify({ state: results.at(0)?.state, timersLeft: after.length - before.length }))
})
