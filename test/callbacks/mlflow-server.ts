import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

interface Pair {
  readonly key: string
  readonly value: string
}

interface Metric {
  readonly key: string
  readonly value: number | string
  readonly timestamp: number
  readonly step: number
}

/** What requests say, one with another. */
interface Body {
  readonly experiment_name: string
  readonly name: string
  readonly experiment_id: string
  readonly run_name: string
  readonly start_time: number
  readonly run_id: string
  readonly status: string
  readonly end_time: number | undefined
  readonly metrics: readonly Metric[]
  readonly params: readonly Pair[]
  readonly tags: readonly Pair[]
  readonly page_token?: string
}

/** A run as the server keeps it. */
export interface ServedRun {
  readonly id: string
  readonly experimentId: string
  readonly name: string
  readonly startedAt: number
  status: string
  endedAt: number | undefined
  readonly params: Record<string, string>
  readonly tags: Record<string, string>
  readonly metrics: Metric[]
}

/** What to answer instead, when anything. */
type Fault = (call: string, count: number) => number | 'hangUp' | 'silence' | undefined

/**
 * A server that speaks the part of MLflow's REST interface that is used, and refuses what MLflow refuses: batches above
 * the limits, names with other characters, a parameter that changes, JSON with words for NaN that are no texts.
 */
export class MlflowServer {
  readonly requests: {
    readonly call: string
    readonly headers: IncomingMessage['headers']
    readonly body: unknown
  }[] = []
  readonly experiments = new Map<string, { readonly id: string; readonly stage: string }>()
  readonly runs: ServedRun[] = []
  fault: Fault = () => undefined
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  static async start(): Promise<MlflowServer> {
    const server = new MlflowServer()
    await server.listen(0)
    onTestFinished(() => server.stop())
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  run(trialName: string): ServedRun {
    const run = this.runs.find(({ name }) => name === trialName)
    if (run === undefined) throw new Error(`There is no run ${trialName}.`)
    return run
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.listen(port, '127.0.0.1', resolve))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '', 'http://localhost')
    const call = url.pathname.replace(/^.*\/api\/2\.0\/mlflow\//, '')
    const text = Buffer.concat(chunks).toString()
    const given: unknown = text === '' ? Object.fromEntries(url.searchParams) : JSON.parse(text)
    const body = given as Body
    this.requests.push({ call: `${request.method} ${call}`, headers: request.headers, body })
    const fault = this.fault(call, this.requests.length)
    if (fault === 'hangUp') return void request.socket.destroy()
    if (fault === 'silence') return
    const [status, answer] = fault === undefined ? this.#answer(call, body) : [fault, 'Something broke.']
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  }

  #answer(call: string, body: Body): [status: number, answer: object] {
    switch (call) {
      case 'experiments/get-by-name': {
        const { experiment_name: name } = body
        const found = this.experiments.get(name)
        if (found === undefined) return [404, refusal('RESOURCE_DOES_NOT_EXIST', `Could not find ${name}`)]
        return [200, { experiment: { experiment_id: found.id, name, lifecycle_stage: found.stage } }]
      }
      case 'experiments/create': {
        const { name } = body
        if (this.experiments.has(name)) return [400, refusal('RESOURCE_ALREADY_EXISTS', `${name} is there`)]
        const id = String(this.experiments.size + 1)
        this.experiments.set(name, { id, stage: 'active' })
        return [200, { experiment_id: id }]
      }
      case 'runs/create': {
        const run: ServedRun = {
          id: `run${this.runs.length}`,
          experimentId: body.experiment_id,
          name: body.run_name,
          startedAt: body.start_time,
          status: 'RUNNING',
          endedAt: undefined,
          params: {},
          tags: byKey(body.tags),
          metrics: [],
        }
        this.runs.push(run)
        return [200, { run: { info: { run_id: run.id, status: run.status }, data: {} } }]
      }
      case 'runs/log-batch':
        return this.#logBatch(body)
      case 'runs/update': {
        const run = this.#find(body.run_id)
        if (run === undefined) return noRun
        run.status = body.status
        run.endedAt = body.end_time
        return [200, { run_info: { run_id: run.id, status: run.status } }]
      }
      case 'runs/search':
        return this.#search(body)
      default:
        return [404, refusal('ENDPOINT_NOT_FOUND', call)]
    }
  }

  #logBatch(batch: Body): [status: number, answer: object] {
    const { metrics, params, tags } = batch
    const run = this.#find(batch.run_id)
    if (run === undefined) return noRun
    const counts = [metrics.length, params.length, tags.length] as const
    if (counts[0] > 1000 || counts[1] > 100 || counts[2] > 100 || counts[0] + counts[1] + counts[2] > 1000) {
      return [400, refusal('INVALID_PARAMETER_VALUE', `A batch of ${counts.join(', ')} is too large`)]
    }
    for (const { key } of [...metrics, ...params, ...tags]) {
      const isPath = key.split('/').every((part) => !['', '.', '..'].includes(part))
      if (!/^[/\w.\- ]{1,250}$/.test(key) || !isPath)
        return [400, refusal('INVALID_PARAMETER_VALUE', `Invalid name ${key}`)]
    }
    for (const { value } of metrics) {
      const isNumber = typeof value === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(value)
      if (!isNumber) return [400, refusal('INVALID_PARAMETER_VALUE', `Not a number: ${value}`)]
    }
    for (const { key, value } of params) {
      if (value.length > 500) return [400, refusal('INVALID_PARAMETER_VALUE', `${key} is too long`)]
      if ((run.params[key] ?? value) !== value)
        return [400, refusal('INVALID_PARAMETER_VALUE', `${key} has changed`)]
      run.params[key] = value
    }
    run.metrics.push(...metrics)
    Object.assign(run.tags, byKey(tags))
    return [200, {}]
  }

  /** Two runs a page. */
  #search(body: { readonly page_token?: string }): [status: number, answer: object] {
    const from = Number(body.page_token ?? 0)
    const runs = this.runs.slice(from, from + 2).map(({ id, status, tags, metrics }) => ({
      info: { run_id: id, status },
      data: {
        tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
        metrics: metrics.slice(-1),
      },
    }))
    return [200, { runs, ...(from + 2 < this.runs.length ? { next_page_token: String(from + 2) } : {}) }]
  }

  #find(id: string): ServedRun | undefined {
    return this.runs.find((run) => run.id === id)
  }
}

const noRun: [number, object] = [404, refusal('RESOURCE_DOES_NOT_EXIST', 'no such run')]

function refusal(code: string, message: string): object {
  return { error_code: code, message }
}

function byKey(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
}
