import { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { asError, TroupeError } from '../../errors.ts'

/** Where MLflow is, and how long it may be away. */
export interface MlflowAddress {
  /** Of the tracking server, such as `http://127.0.0.1:5000`. */
  readonly url: URL
  readonly token: string | undefined
  /** Milliseconds for which a request is repeated while the server cannot be reached or is in trouble. */
  readonly retryForMs: number
}

// Doubled after each try.
const FIRST_PAUSE_MS = 250
const PAUSE_MS_MAX = 30_000

// Of one try, the answer read.
const ANSWER_MS_MAX = 10_000

// Once the experiment has ended: whoever waits for its results waits for this.
const HURRIED_RETRY_MS = 5_000

/** What MLflow has refused. */
export class MlflowRefusal extends TroupeError {
  override readonly name = 'MlflowRefusal'
  /** MLflow's own word, such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly errorCode: string | undefined

  constructor(message: string, errorCode: string | undefined) {
    super('mlflow', message)
    this.errorCode = errorCode
  }
}

/** Speaks MLflow's REST interface, version 2.0. Requests that fail for a reason that may pass are repeated. */
export class MlflowClient {
  readonly #address: MlflowAddress
  readonly #signal: AbortSignal
  readonly #headers: Readonly<Record<string, string>>
  readonly #base: string
  readonly #underWay = new Set<() => void>()
  #retryForMs: number
  #answerMsMax = ANSWER_MS_MAX

  /** @param signal - Gives up at once. */
  constructor(address: MlflowAddress, signal: AbortSignal) {
    const { username, password, origin, pathname } = address.url
    this.#address = address
    this.#signal = signal
    this.#retryForMs = address.retryForMs
    // `fetch` refuses an address with a password in it.
    this.#base = `${origin}${pathname.replace(/\/+$/, '')}/api/2.0/mlflow/`
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
    const authorization =
      address.token !== undefined
        ? `Bearer ${address.token}`
        : username === ''
          ? undefined
          : `Basic ${basic.toString('base64')}`
    this.#headers = {
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
    }
  }

  /** From now on, also for a request that is under way, there is not much time left. */
  hurry(): void {
    this.#retryForMs = Math.min(this.#retryForMs, HURRIED_RETRY_MS)
    this.#answerMsMax = HURRIED_RETRY_MS
    for (const hasten of this.#underWay) hasten()
  }

  /** @throws {MlflowRefusal} for what is wrong and stays so; {TroupeError} when the server was away for too long. */
  async get(call: string, query: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#send(`${call}?${new URLSearchParams(query).toString()}`, { method: 'GET' })
  }

  /** @throws {MlflowRefusal} for what is wrong and stays so; {TroupeError} when the server was away for too long. */
  async post(call: string, body: object): Promise<unknown> {
    return this.#send(call, { method: 'POST', body: JSON.stringify(body) })
  }

  async #send(call: string, init: { readonly method: string; readonly body?: string }): Promise<unknown> {
    const startedAt = performance.now()
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      const outcome = await this.#try(call, init)
      if (outcome.kind === 'answer') return outcome.value
      const leftMs = this.#retryForMs - (performance.now() - startedAt)
      if (leftMs <= 0 || this.#signal.aborted) throw this.#away(outcome.error)
      await this.#pause(Math.min(pauseMs, leftMs), startedAt)
    }
  }

  /** A pause in steps, since the experiment may end meanwhile. */
  async #pause(ms: number, startedAt: number): Promise<void> {
    const until = performance.now() + ms
    while (performance.now() < Math.min(until, startedAt + this.#retryForMs)) {
      const leftMs = Math.min(until, startedAt + this.#retryForMs) - performance.now()
      // Rejects when it is given up, and the next try sees that.
      await sleep(Math.min(leftMs, FIRST_PAUSE_MS), undefined, { signal: this.#signal }).catch(() => {})
      if (this.#signal.aborted) return
    }
  }

  async #try(
    call: string,
    init: { readonly method: string; readonly body?: string },
  ): Promise<
    { readonly kind: 'answer'; readonly value: unknown } | { readonly kind: 'away'; readonly error: Error }
  > {
    const abort = new AbortController()
    const giveUp = (): void => abort.abort()
    let timer = setTimeout(giveUp, this.#answerMsMax)
    const hasten = (): void => {
      clearTimeout(timer)
      timer = setTimeout(giveUp, this.#answerMsMax)
    }
    this.#underWay.add(hasten)
    this.#signal.addEventListener('abort', giveUp)
    try {
      if (this.#signal.aborted) giveUp()
      const response = await fetch(this.#base + call, {
        ...init,
        headers: this.#headers,
        signal: abort.signal,
      })
      const text = await response.text()
      if (response.ok) return { kind: 'answer', value: parsed(text) }
      const refusal = refusalOf(call, response.status, text)
      if (!isPassing(response.status)) throw refusal
      return { kind: 'away', error: refusal }
    } catch (error) {
      if (error instanceof MlflowRefusal) throw error
      return { kind: 'away', error: reasonOf(asError(error)) }
    } finally {
      clearTimeout(timer)
      this.#underWay.delete(hasten)
      this.#signal.removeEventListener('abort', giveUp)
    }
  }

  #away(cause: Error): TroupeError {
    const seconds = Math.round(this.#retryForMs / 1000)
    return new TroupeError(
      'mlflow',
      `MLflow at ${this.#address.url.host} could not be reached for ${seconds} s: ${cause.message}. See whether it runs, and whether the address is right.`,
      { cause },
    )
  }
}

// Timeouts, too many requests, and the server's own trouble.
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function refusalOf(call: string, status: number, text: string): MlflowRefusal {
  const answer = parsed(text)
  const { error_code: code, message } = (answer ?? {}) as { error_code?: unknown; message?: unknown }
  const why = typeof message === 'string' ? message : text.slice(0, 200).trim()
  const [path] = call.split('?')
  return new MlflowRefusal(
    `MLflow refused ${path} with ${status}${why === '' ? '' : `: ${why}`}`,
    typeof code === 'string' ? code : undefined,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// `fetch` says only that it failed; its cause says why.
function reasonOf(error: Error): Error {
  return error.cause === undefined ? error : asError(error.cause)
}
