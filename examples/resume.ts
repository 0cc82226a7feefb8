// Shows an experiment that is killed in the middle, by SIGKILL, and carried on from its log and checkpoints.
//   npm run example examples/resume.ts
// The program starts itself a second time, as the process that is killed. docs/storage.md says what survives what.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { asha, loguniform, tpe, type Trial, Tuner } from 'troupe'

const NAME = 'resume'
const EPOCHS = 12

async function train({ lr }: { lr: number }, trial: Trial): Promise<void> {
  const { epoch = 0 } = (trial.checkpoint ?? {}) as { epoch?: number }
  for (let e = epoch; e < EPOCHS; e++) {
    await trial.sleep(10)
    const loss = (Math.log10(lr) + 2) ** 2 + 3 / (e + 1)
    // One checkpoint in four epochs is enough: what lies between is trained again.
    await trial.report({ loss }, e % 4 === 3 ? { checkpoint: { epoch: e + 1 } } : undefined)
  }
}

function tunerOn(storage: string): Tuner<{ lr: number }> {
  return new Tuner(train, {
    paramSpace: { lr: loguniform(1e-5, 1) },
    metric: 'loss',
    mode: 'min',
    numSamples: 40,
    maxConcurrentTrials: 4,
    searcher: tpe(),
    scheduler: asha({ maxT: EPOCHS, gracePeriod: 2 }),
    seed: 1,
    name: NAME,
    storage,
    resume: true,
  })
}

/** Runs it in another process, and kills that after so many reports, of which the last may not be kept yet. */
async function killAfter(reports: number, storage: string): Promise<void> {
  const file = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [...process.execArgv, file, storage], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let count = 0
  for await (const _ of createInterface({ input: child.stdout }))
    if (++count === reports) child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  console.log(`Killed by ${child.signalCode} after its trials had made ${count} reports.`)
}

const [storage] = process.argv.slice(2)
if (storage === undefined) {
  const folder = await mkdtemp(join(tmpdir(), 'resume-'))
  const url = `journal:///${join(folder, 'runs.jsonl')}`
  await killAfter(30, url)
  await killAfter(30, url)
  const tuner = tunerOn(url)
  const results = await tuner.fit()
  const again = [...results].filter((trial) => trial.attempt > 1).length
  console.log(
    `Carried on to the end: ${results.length} trials, ${again} of them in a second attempt or later.`,
  )
  console.log('Best:', results.getBestResult().config)
  await rm(folder, { recursive: true })
} else {
  await tunerOn(storage)
    .on('trial.report', ({ trial }) => void process.stdout.write(`${trial.number} ${trial.iteration}\n`))
    .fit()
}
