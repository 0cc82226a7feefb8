import { Tuner, uniform } from 'troupe'
const to = <T>(p: Promise<T>, what: string) => Promise.race([p.then((v) => v, (e) => `rejected ${e.code} ${e.message}`), new Promise((r) => setTimeout(() => r(`HANG ${what}`), 500))])
const mk = (over: any = {}, fn: any = async (c: any, t: any) => { for (let i = 0; i < 3; i++) await t.report({ loss: c.x }) }) =>
  new Tuner(fn, { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 3, maxConcurrentTrials: 2, ...over } as any)
const show = (r: any) => typeof r === 'string' ? r : [r.endedBy, r.length, ...[...r].map((x: any) => x.state + '/' + x.status)].join(' ')
{ const t = mk(); const f = t.fit(); await to(t.stop(), 'stop'); console.log('a', show(await to(f, 'fit'))) }
{ const t = mk({ failure: { maxFailures: 1 }, numSamples: 1 }, async (c: any, tr: any) => { await tr.report({ loss: 1 }); if (tr.attempt === 1) throw new Error('x') }); t.on('trial.report', () => void t.stop({ graceful: true })); console.log('b', show(await to(t.fit(), 'fit'))) }
{ const t = mk(); t.once('trial.report', () => (t.actor as any).send({ type: 'whatever' })); console.log('c', show(await to(t.fit(), 'fit'))) }
{ const t = mk(); t.once('trial.report', () => (t.actor as any).stop()); console.log('d', show(await to(t.fit(), 'fit'))) }
{ const t = mk({ signal: AbortSignal.abort() }); console.log('e', show(await to(t.fit(), 'fit'))) }
{ const t = mk(); let n = 0; const l = () => n++; t.once('trial.start', l); t.off('trial.start', l); await to(t.fit(), 'fit'); console.log('f', n) }
{ const t = mk(); await new Promise((r) => setTimeout(r, 100)); t.on('experiment.start', ({ at }) => console.log('g at', at)); await to(t.fit(), 'fit'); const a = t.getSnapshot().elapsedMs; await new Promise((r) => setTimeout(r, 50)); console.log('g', a, t.getSnapshot().elapsedMs) }
{ const t = mk({ numSamples: 1 }); t.on('trial.created', ({ trial }) => t.pauseTrial(trial.id)); const seen: string[] = []; for (const e of ['trial.start','trial.pause','trial.resume','trial.complete'] as const) t.on(e, (x: any) => seen.push(e + ' ' + x.reason?.text)); t.on('trial.pause', ({trial}) => t.resumeTrial(trial.id)); console.log('h', show(await to(t.fit(), 'fit')), seen) }
process.exit(0)
