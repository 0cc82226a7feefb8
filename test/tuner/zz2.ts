import { Tuner, uniform } from 'troupe'
for (const [n, m] of [[1,1],[1,2],[2,1],[2,2],[3,1]]) {
const t = new Tuner(async (c: any, t: any) => { for (let i = 0; i < 3; i++) await t.report({ loss: c.x }) }, { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: n, maxConcurrentTrials: m } as any)
console.log(n, m, await t.fit().then((r) => r.length, (e) => e.message))
}
