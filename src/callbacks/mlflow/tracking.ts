import { asError } from '../../errors.ts'
import type { RestoredTrial } from '../restored-trials.ts'
import type { MlflowPair } from './batches.ts'
import { type MlflowClient, MlflowRefusal } from './client.ts'
import { type KnownRun, MARKS, type RunLog } from './run-log.ts'

// Between two rounds, so that what comes close together shares a request.
const ROUND_MS = 500

// Requests at once.
const PARALLEL = 4

/** A trial whose run may be there already. */
export interface Resumed extends RestoredTrial {
  readonly log: RunLog
}

/** Sends what the runs have to say, in rounds, behind the experiment's back. The first failure is the end of it. */
export class Tracking {
  readonly #client: MlflowClient
  readonly #experimentName: string
  readonly #onFailure: (failure: Error) => void
  #resumed: readonly Resumed[]
  readonly #waiting = new Set<RunLog>()
  #experimentId: string | undefined
  #working: Promise<void> | undefined
  #hasFailed = false
  #isEnding = false
  #wakeUp: () => void = () => {}

  /** @param onFailure - Hears of the first failure. */
  constructor(
    client: MlflowClient,
    experimentName: string,
    resumed: readonly Resumed[],
    onFailure: (failure: Error) => void,
  ) {
    this.#client = client
    this.#experimentName = experimentName
    this.#resumed = resumed
    this.#onFailure = onFailure
    for (const { log } of resumed) this.wake(log)
  }

  /** This run has something to say. */
  wake(log: RunLog): void {
    if (this.#hasFailed) return
    this.#waiting.add(log)
    this.#working ??= this.#workAll()
  }

  /** Resolves when all is said, or given up. */
  async flush(): Promise<void> {
    this.#isEnding = true
    this.#client.hurry()
    this.#wakeUp()
    while (this.#working !== undefined) await this.#working
  }

  async #workAll(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        await this.#pause()
        this.#experimentId ??= await this.#findExperiment()
        await this.#recall(this.#experimentId)
        const logs = [...this.#waiting]
        this.#waiting.clear()
        await this.#sendAll(logs, this.#experimentId)
      }
    } catch (failure) {
      this.#hasFailed = true
      this.#waiting.clear()
      this.#onFailure(asError(failure))
    }
    this.#working = undefined
  }

  async #pause(): Promise<void> {
    if (this.#isEnding) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ROUND_MS)
      this.#wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #sendAll(logs: readonly RunLog[], experimentId: string): Promise<void> {
    const left = logs.values()
    const lane = async (): Promise<void> => {
      for (const log of left) if (!this.#hasFailed) await log.send(this.#client, experimentId)
    }
    await Promise.all(Array.from({ length: PARALLEL }, lane))
  }

  async #findExperiment(): Promise<string> {
    const found = await this.#experiment()
    if (found !== undefined) return found
    try {
      const made = await this.#client.post('experiments/create', { name: this.#experimentName })
      return (made as { readonly experiment_id: string }).experiment_id
    } catch (error) {
      // Another process was faster.
      const isThere = error instanceof MlflowRefusal && error.errorCode === 'RESOURCE_ALREADY_EXISTS'
      const other = isThere ? await this.#experiment() : undefined
      if (other === undefined) throw error
      return other
    }
  }

  async #experiment(): Promise<string | undefined> {
    try {
      const query = { experiment_name: this.#experimentName }
      const answer = (await this.#client.get('experiments/get-by-name', query)) as {
        readonly experiment: { readonly experiment_id: string; readonly lifecycle_stage?: string }
      }
      const { experiment_id: id, lifecycle_stage: stage } = answer.experiment
      if (stage !== 'deleted') return id
      throw new MlflowRefusal(
        `MLflow's experiment ${this.#experimentName} is deleted. Restore it there, or give mlflow({ experimentName }) another.`,
        undefined,
      )
    } catch (error) {
      if (error instanceof MlflowRefusal && error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return undefined
      throw error
    }
  }

  /** Finds the runs that an earlier run of the experiment has made. */
  async #recall(experimentId: string): Promise<void> {
    if (this.#resumed.length === 0) return
    const logs = new Map(this.#resumed.map(({ log }) => [marksIn(log.marks), log]))
    const known = new Map<RunLog, KnownRun>()
    let token: string | undefined
    do {
      const page = (await this.#client.post('runs/search', {
        experiment_ids: [experimentId],
        max_results: 1000,
        order_by: ['attributes.start_time ASC'],
        ...(token === undefined ? {} : { page_token: token }),
      })) as RunsPage
      for (const run of page.runs ?? []) {
        const log = logs.get(marksIn(run.data.tags ?? []))
        // The last one: a request whose answer was lost may have made two.
        if (log !== undefined) known.set(log, knownRun(run))
      }
      token = page.next_page_token
    } while (token !== undefined && token !== '')
    for (const { log, history, isOver } of this.#resumed) log.resume(known.get(log), history, isOver)
    this.#resumed = []
  }
}

interface FoundRun {
  readonly info: { readonly run_id: string; readonly status: string }
  readonly data: {
    readonly tags?: readonly MlflowPair[]
    readonly metrics?: readonly { readonly step?: number | string }[]
  }
}

interface RunsPage {
  readonly runs?: readonly FoundRun[]
  readonly next_page_token?: string
}

function knownRun({ info, data }: FoundRun): KnownRun {
  // Whole numbers of 64 bits may come as texts.
  const steps = (data.metrics ?? []).map(({ step }) => Number(step ?? 0))
  return {
    runId: info.run_id,
    isRunning: info.status === 'RUNNING' || info.status === 'SCHEDULED',
    lastStep: Math.max(0, ...steps),
  }
}

/** What tells a run from those of other trials, as one text. */
function marksIn(tags: readonly MlflowPair[]): string {
  return JSON.stringify(MARKS.map((mark) => tags.find(({ key }) => key === mark)?.value))
}
