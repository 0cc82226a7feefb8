import { simulate } from 'troupe/testing'
import { asha, uniform, Tuner, randomSearch } from 'troupe'
const run = await simulate({ trainable: async ({ x }: { x: number }, trial) => { for (let i = 0; i < 5; i++) { await trial.sleep(100); await trial.report({ loss: x * i }) } }, paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 10 })
console.log(run.elapsedMs, run.hash, [...run.results].map(r => r.state).join())
const ac = new AbortController()
const t = new Tuner(async ({ x }: { x: number }, trial) => { for (let i = 0; i < 5; i++) { await trial.report({ loss: x * i }) } }, { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 10 })
const p = t.fit(); 
void t.stop()
const r = await p
console.log(r.length, r.endedBy)
