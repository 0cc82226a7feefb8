import { Buffer } from 'node:buffer'
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { pid } from 'node:process'
import type { Worker } from '../folder/background.ts'
import type { ExperimentFiles } from '../folder/experiment-files.ts'
import { versionEvent } from './events.ts'
import { fieldsOf } from './protobuf.ts'
import { record, recordsIn } from './records.ts'

/** An event file in one folder, made with its first event. */
export class EventFile implements Worker {
  readonly #files: ExperimentFiles
  readonly #folder: () => Promise<string>
  #before: ((folder: string) => Promise<void>) | undefined
  #events: Uint8Array[] = []
  #name: string | undefined

  /** @param before - Done before anything is written; it may add events, so nobody else does until then. */
  constructor(
    files: ExperimentFiles,
    folder: () => Promise<string>,
    before?: (folder: string) => Promise<void>,
  ) {
    this.#files = files
    this.#folder = folder
    this.#before = before
    if (before !== undefined) files.wake(this)
  }

  add(event: Uint8Array): void {
    this.#events.push(event)
    this.#files.wake(this)
  }

  async work(): Promise<void> {
    const folder = await this.#folder()
    await this.#before?.(folder)
    this.#before = undefined
    if (this.#events.length === 0) return
    const events = this.#name === undefined ? [versionEvent(Date.now()), ...this.#events] : this.#events
    this.#events = []
    this.#name ??= freshName()
    await appendFile(join(folder, this.#name), Buffer.concat(events.map(record)))
  }
}

let filesMade = 0

// TensorBoard finds the files by `tfevents`, and reads those of one folder in the order of their names.
function freshName(): string {
  const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0')
  return `events.out.tfevents.${seconds}.${hostname()}.${pid}.${String(filesMade++).padStart(6, '0')}`
}

/** What event files of an earlier run say. */
export interface EarlierEvents {
  /** Scalars by step and tag, without what a restart has taken back. */
  readonly points: Map<number, Map<string, number>>
  /** Tags that are not scalars, such as those of the hyperparameters. */
  readonly tags: ReadonlySet<string>
}

/** Reads what was written into a folder so far. */
export async function earlierEvents(folder: string): Promise<EarlierEvents> {
  const earlier = { points: new Map<number, Map<string, number>>(), tags: new Set<string>() }
  const names = (await readdir(folder)).filter((name) => name.includes('tfevents')).sort()
  for (const name of names) {
    for (const data of recordsIn(await readFile(join(folder, name)))) readEvent(data, earlier)
  }
  return earlier
}

// Fields of `Event` and of a summary's value, as events.ts writes them.
function readEvent(
  data: Uint8Array,
  { points, tags }: { readonly points: Map<number, Map<string, number>>; readonly tags: Set<string> },
): void {
  let step = 0
  for (const { number, value } of fieldsOf(data)) {
    if (number === 2) step = Number(value)
    if (number === 7) for (const at of points.keys()) if (at >= step) points.delete(at)
    if (number !== 5 || typeof value === 'number') continue
    const scalars = new Map<string, number>()
    for (const { tag, scalar } of valuesIn(value)) {
      if (scalar === undefined) tags.add(tag)
      else scalars.set(tag, scalar)
    }
    if (scalars.size > 0) points.set(step, scalars)
  }
}

function* valuesIn(summary: Uint8Array): IterableIterator<{ tag: string; scalar: number | undefined }> {
  for (const { value } of fieldsOf(summary)) {
    if (typeof value === 'number') continue
    const found = { tag: '', scalar: undefined as number | undefined }
    for (const field of fieldsOf(value)) {
      if (field.number === 1 && typeof field.value !== 'number')
        found.tag = new TextDecoder().decode(field.value)
      if (field.number === 2 && typeof field.value === 'number') found.scalar = field.value
    }
    yield found
  }
}
